internal import BrigSystem

/// The programs that count together: the one at each call, and the one that forgets each task that ends.
struct CountingPrograms: ~Copyable {
    private var counting: TracingProgram
    private var forgetting: TracingProgram

    /// - Parameter code: that of the first
    init(_ code: TracingAssembler, _ maps: borrowing CountingProgram.Maps, _ layout: KernelLayout) throws(TracingError) {
        let forgetting = try TracingProgram(CountingProgram.forget(maps), at: layout.ended, named: "sched_process_exit")
        counting = try TracingProgram(code, at: layout.enter, named: "sys_enter")
        self.forgetting = forgetting
    }

    /// Those that names in a directory of a bpf file system hold, with their attachments.
    init(named directory: String) throws(SystemError) {
        let forgetting = try TracingProgram(named: "\(directory)/forgetting")
        counting = try TracingProgram(named: "\(directory)/counting")
        self.forgetting = forgetting
    }

    /// Names in a directory hold the programs from now on.
    func keep(_ directory: String) throws(SystemError) {
        try forgetting.keep("\(directory)/forgetting")
        try counting.keep("\(directory)/counting")
    }

    /// Names hold their attachments from now on: they go on being run when this value is gone.
    func keepAttached(_ directory: String) throws(SystemError) {
        try forgetting.keepAttached("\(directory)/forgetting")
        try counting.keepAttached("\(directory)/counting")
    }

    /// What counts is never there without what forgets.
    mutating func attach() throws(TracingError) {
        if !forgetting.isAttached { try forgetting.attach() }
        if !counting.isAttached { try counting.attach() }
    }

    mutating func detach() {
        counting.detach()
        forgetting.detach()
    }

    /// Times that one of them was skipped; they count exactly only where this is 0. Nil where the kernel does not tell.
    var misses: UInt64? {
        guard let missed = counting.misses, let unforgotten = forgetting.misses else { return nil }
        return missed + unforgotten
    }
}
