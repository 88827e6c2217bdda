internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// A digest that is being taken.
final class RunningDigest {
    fileprivate(set) var hash = SHA256()
    private let thread: DigestThread?

    /// - Parameter thread: takes the digest while the caller goes on; nil: at once.
    init(on thread: DigestThread? = nil) { self.thread = thread }

    /// Adds a block, which must stay as it is until ``settle()`` or the next call.
    @unsafe
    func update(_ block: UnsafeRawBufferPointer) {
        guard unsafe !block.isEmpty else { return }
        settle()
        // A small block is done sooner than handed over.
        if let thread, block.count >= 32768 { unsafe thread.add(block, to: self) } else { unsafe hash.update(block) }
    }

    /// Returns when the last block is not needed any more.
    func settle() { thread?.settle(self) }

    func finish() -> SHA256 {
        settle()
        return hash
    }
}

/// A second thread for digests, which cost about as much as writing the files, and for bringing those to the disk. Where no processor is free for it, whoever waits for a block does
/// the block's work itself. It is started after the process has confined itself, so it is confined as well.
@safe
final class DigestThread {
    private enum Stage { case free, waiting, running }

    @safe
    private struct Work {
        var stage = Stage.free
        var digest: RunningDigest?
        var block = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        /// A descriptor on the file system that shall be synced; -1 where a digest is taken.
        var synced: Int32 = -1
    }

    private static let slots = 2
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var work = [Work](repeating: Work(), count: slots)
    private var isEnding = false
    private var thread = pthread_t()

    /// Nil where no thread can be made: digests are then taken at once.
    init?() {
        unsafe lock = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe pthread_mutex_init(lock, nil)
        unsafe pthread_cond_init(changed, nil)
        let body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            if let context = unsafe context { unsafe Unmanaged<DigestThread>.fromOpaque(context).takeUnretainedValue().run() }
            return nil
        }
        guard unsafe pthread_create(&thread, nil, body, Unmanaged.passUnretained(self).toOpaque()) == 0 else { return nil }
    }

    deinit {
        unsafe lock.deallocate()
        unsafe changed.deallocate()
    }

    /// Ends the thread. It must be called before the last reference goes.
    func end() {
        unsafe pthread_mutex_lock(lock)
        isEnding = true
        unsafe pthread_cond_broadcast(changed)
        unsafe pthread_mutex_unlock(lock)
        pthread_join(thread, nil)
    }

    @unsafe
    fileprivate func add(_ block: UnsafeRawBufferPointer, to digest: RunningDigest) {
        unsafe pthread_mutex_lock(lock)
        if let index = work.firstIndex(where: { $0.stage == .free }) {
            work[index].digest = digest
            unsafe work[index].block = unsafe block
            work[index].stage = .waiting
            unsafe pthread_cond_broadcast(changed)
            unsafe pthread_mutex_unlock(lock)
        } else {
            unsafe pthread_mutex_unlock(lock)
            unsafe digest.hash.update(block)
        }
    }

    /// Begins to write a file system's data to its disk, if the thread is free. Whether that succeeded is for a later syncfs(2) to say.
    ///
    /// - Parameter descriptor: open until ``end()``, and not the one that the later call is made with, which would miss an error
    func startSync(_ descriptor: Int32) {
        unsafe pthread_mutex_lock(lock)
        if let index = work.firstIndex(where: { $0.stage == .free }) {
            work[index].synced = descriptor
            work[index].stage = .waiting
            unsafe pthread_cond_broadcast(changed)
        }
        unsafe pthread_mutex_unlock(lock)
    }

    fileprivate func settle(_ digest: RunningDigest) {
        unsafe pthread_mutex_lock(lock)
        while let index = work.firstIndex(where: { $0.stage != .free && $0.digest === digest }) {
            if work[index].stage == .waiting { perform(index) } else { unsafe pthread_cond_wait(changed, lock) }
        }
        unsafe pthread_mutex_unlock(lock)
    }

    /// Does one piece of work, without the lock meanwhile.
    private func perform(_ index: Int) {
        work[index].stage = .running
        let item = work[index]
        unsafe pthread_mutex_unlock(lock)
        if item.synced >= 0 { _ = brig_unpack_sync_file_system(item.synced) } else { unsafe item.digest?.hash.update(item.block) }
        unsafe pthread_mutex_lock(lock)
        work[index] = Work()
        unsafe pthread_cond_broadcast(changed)
    }

    private func run() {
        unsafe pthread_mutex_lock(lock)
        while true {
            if let index = work.firstIndex(where: { $0.stage == .waiting }) { perform(index) } else if isEnding { break } else { unsafe pthread_cond_wait(changed, lock) }
        }
        unsafe pthread_mutex_unlock(lock)
    }
}
