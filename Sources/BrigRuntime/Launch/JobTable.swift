internal import BrigPlan
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// The jobs of this account: one file with a record for each, in a directory that only the account can write to.
///
/// A job holds a lock of the byte with its slot's number for as long as brig lives (an open file description lock, fcntl(2)), whatever ends brig.
/// A record without its lock is what a killed brig has left behind: the next brig takes the lock and removes what the record names. So
/// nothing is decided from process ids, which the kernel uses again.
struct JobTable: ~Copyable {
    /// Bytes of a record. Its text: id, process id of the job's init, then a line for each cgroup directory.
    static let recordSize = 1024

    struct Record: Equatable {
        var id: String
        var process: Int32 = 0
        var cgroups: [String] = []

        init(id: String) { self.id = id }

        init?(_ bytes: some Sequence<UInt8>) {
            let lines = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).split(separator: "\n").map(String.init)
            guard lines.count >= 2, let process = Int32(lines[1]) else { return nil }
            id = lines[0]
            self.process = process
            cgroups = Array(lines.dropFirst(2))
        }

        var bytes: [UInt8]? {
            let text = Array("\(id)\n\(process)\n\(cgroups.map { $0 + "\n" }.joined())".utf8)
            return text.count > JobTable.recordSize ? nil : text + [UInt8](repeating: 0, count: JobTable.recordSize - text.count)
        }
    }

    private let file: FileDescriptor
    let path: String

    init() throws(LaunchError) {
        let directory = Self.directory()
        let path = directory + "/jobs"
        self.path = path
        // The caller's mask could take the account's own access away, for good.
        let mask = umask(0o077)
        defer { _ = umask(mask) }
        file = try inStage("jobs", hint: "\(directory) must be a directory that only this account can write to") { () throws(SystemError) in
            try makeDirectory(directory, mode: 0o700)
            let folder = try FileDescriptor.open(directory, [.path, .directory, .noFollow])
            let status = try folder.status()
            guard status.owner == Host.effectiveUser, status.mode & 0o022 == 0 else { throw SystemError("open", directory, errno: EPERM) }
            return try FileDescriptor.open("jobs", [.readWrite, .create, .noFollow], mode: 0o600, in: folder.number)
        }
    }

    /// `/run/brig` for root, else a directory of the account's own.
    static func directory() -> String {
        if Host.isRoot { return "/run/brig" }
        if let own = Host.environment("XDG_RUNTIME_DIR"), own.hasPrefix("/"), unsafe access(own, W_OK) == 0 { return own + "/brig" }
        return "/tmp/brig-\(Host.effectiveUser)"
    }

    /// Takes the first free slot from `first` on for a new job. It is free again when this table is closed.
    borrowing func claim(from first: UInt32 = 0) throws(LaunchError) -> UInt32 {
        let number = file.number
        for slot in first..<max(first, IDMap.slots) {
            let held = try inStage("jobs") { () throws(SystemError) in try check("fcntl", path) { brig_lock_byte(number, UInt64(slot)) } }
            if held == 0 { return slot }
        }
        throw LaunchError("jobs", "all \(IDMap.slots) slots of \(path) are taken", hint: "wait for other jobs to end")
    }

    borrowing func write(_ record: Record?, slot: UInt32) throws(LaunchError) {
        guard let bytes = record == nil ? [UInt8](repeating: 0, count: Self.recordSize) : record?.bytes else {
            throw LaunchError("jobs", "the paths of the job's cgroups are too long for a record of \(Self.recordSize) bytes")
        }
        let number = file.number
        try inStage("jobs") { () throws(SystemError) in
            try check("pwrite", path) { unsafe pwrite(number, bytes, bytes.count, off_t(slot) * off_t(Self.recordSize)) }
        }
    }

    /// What killed brigs have left: the record of the slot `own`, which this brig holds, and those of slots that nobody holds. Each of these is
    /// locked by this call, for the caller to clean up, clear and release.
    borrowing func abandoned(own: UInt32) throws(LaunchError) -> [(slot: UInt32, record: Record)] {
        var found: [(UInt32, Record)] = []
        let number = file.number
        for (slot, record) in try records() {
            if slot == own {
                found.append((slot, record))
                continue
            }
            let held = try inStage("jobs") { () throws(SystemError) in try check("fcntl", path) { brig_lock_byte(number, UInt64(slot)) } }
            if held != 0 { continue }
            // Read again under the lock: its owner may have ended properly just now.
            if try records().contains(where: { $0.slot == slot && $0.record == record }) { found.append((slot, record)) } else { try release(slot) }
        }
        return found
    }

    /// Gives up a slot that `abandoned` has locked.
    borrowing func release(_ slot: UInt32) throws(LaunchError) {
        let number = file.number
        try inStage("jobs") { () throws(SystemError) in try check("fcntl", path) { brig_unlock_byte(number, UInt64(slot)) } }
    }

    /// A running job by its id.
    borrowing func running(_ id: String) throws(LaunchError) -> (slot: UInt32, record: Record)? {
        for (slot, record) in try records() where record.id == id {
            if try isHeld(slot) { return (slot, record) }
        }
        return nil
    }

    /// Records of the jobs that run now.
    borrowing func allRunning() throws(LaunchError) -> [Record] {
        var found: [Record] = []
        for (slot, record) in try records() where try isHeld(slot) { found.append(record) }
        return found
    }

    private borrowing func isHeld(_ slot: UInt32) throws(LaunchError) -> Bool {
        let number = file.number
        return try inStage("jobs") { () throws(SystemError) in try check("fcntl", path) { brig_byte_is_locked(number, UInt64(slot)) } } == 1
    }

    private borrowing func records() throws(LaunchError) -> [(slot: UInt32, record: Record)] {
        let bytes = try inStage("jobs") { () throws(SystemError) in try file.readAll(limit: Int(IDMap.slots) * Self.recordSize, subject: path) }
        var found: [(UInt32, Record)] = []
        for slot in 0..<(bytes.count / Self.recordSize) {
            let start = slot * Self.recordSize
            guard bytes[start] != 0, let record = Record(bytes[start..<start + Self.recordSize]) else { continue }
            found.append((UInt32(slot), record))
        }
        return found
    }
}
