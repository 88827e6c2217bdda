internal import BrigJSON
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// The store's end of an ``UnpackWorker``: starts it, answers it, and knows how it ended. Its answers are checked like anyone's.
struct ConfinedProcess: ~Copyable {
    private let conversation: FileDescriptor
    private let process: Child

    /// Starts this program anew in its own namespaces.
    ///
    /// - Parameters:
    ///   - executable: a path; `/proc/self/exe` is this program.
    ///   - input: what it reads.
    ///   - output: what it may write, a directory or a stream; -1 for nothing.
    init(executable: String, input: Int32, output: Int32) throws(ImageError) {
        var ends: [Int32] = [-1, -1]
        try attempt("socketpair") { unsafe brig_unpack_socket_pair(&ends) }
        let theirs = FileDescriptor(owning: ends[1])
        let ours = FileDescriptor(owning: ends[0])
        let program = FileDescriptor(owning: try attempt("open", executable) { unsafe open(executable, Int32(BRIG_O_PATH.rawValue) | O_CLOEXEC) })
        let descriptors = output < 0 ? [theirs.number, input] : [theirs.number, input, output]
        let (pid, pidfd) = try Self.spawn(program.number, descriptors)
        let child = Child(descriptor: FileDescriptor(owning: pidfd))
        try Self.mapIdentities(of: pid)
        // It waits for a byte before it becomes the program.
        try attempt("send", "a message") { unsafe Glibc.send(ends[0], "g", 1, Int32(MSG_NOSIGNAL)) }
        conversation = ours
        process = child
    }

    /// The process, of which nothing is left when this goes. Where it has ended and was waited for, both calls find nobody.
    private struct Child: ~Copyable {
        let descriptor: FileDescriptor

        deinit {
            _ = brig_pidfd_send_signal(descriptor.number, SIGKILL)
            _ = brig_unpack_wait(descriptor.number)
        }
    }

    /// With a user namespace where one may be made; without one root has its other namespaces still, and an ordinary user none.
    private static func spawn(_ program: Int32, _ descriptors: [Int32]) throws(ImageError) -> (pid: pid_t, pidfd: Int32) {
        let candidates = [brig_unpack_namespaces(1), geteuid() == 0 ? brig_unpack_namespaces(0) : 0]
        var arguments = unsafe (["brig"] + UnpackWorker.arguments).map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        defer { unsafe arguments.forEach { unsafe free($0) } }
        for (index, namespaces) in candidates.enumerated() {
            var pidfd: Int32 = -1
            let pid = unsafe arguments.withUnsafeBufferPointer { unsafe brig_unpack_spawn(program, $0.baseAddress, descriptors, Int32(descriptors.count), namespaces, &pidfd) }
            if pid > 0 { return (pid, pidfd) }
            if index == candidates.count - 1 { throw ImageError(SystemError("clone3", "a confined process", errno: errno)) }
        }
        throw ImageError(.confinement, "no process could be made")
    }

    /// Root keeps all ids that it has itself, so that layers get their owners; an ordinary user has only its own, as root.
    private static func mapIdentities(of pid: pid_t) throws(ImageError) {
        guard try readLine("/proc/\(pid)/uid_map").isEmpty else { return }  // No user namespace of its own.
        if geteuid() == 0 {
            try write(identity(readLine("/proc/self/uid_map")), to: "/proc/\(pid)/uid_map")
            try write(identity(readLine("/proc/self/gid_map")), to: "/proc/\(pid)/gid_map")
        } else {
            try write("deny", to: "/proc/\(pid)/setgroups")
            try write("0 \(geteuid()) 1", to: "/proc/\(pid)/uid_map")
            try write("0 \(getegid()) 1", to: "/proc/\(pid)/gid_map")
        }
    }

    /// The same ids inside as outside, for every range that this process has.
    private static func identity(_ map: String) -> String {
        map.split(separator: "\n").map { line in
            let fields = line.split(separator: " ")
            return fields.count == 3 ? "\(fields[0]) \(fields[0]) \(fields[2])\n" : ""
        }.joined()
    }

    private static func readLine(_ path: String) throws(ImageError) -> String {
        let file = FileDescriptor(owning: try attempt("open", path) { unsafe open(path, O_RDONLY | O_CLOEXEC) })
        return String(decoding: try readAll(FileStream(file.number, subject: path), limit: 65536, subject: path), as: UTF8.self)
    }

    private static func write(_ text: String, to path: String) throws(ImageError) {
        let file = FileDescriptor(owning: try attempt("open", path) { unsafe open(path, O_WRONLY | O_CLOEXEC) })
        try translating { () throws(SystemError) in try file.write(Array(text.utf8), subject: path) }
    }

    /// Asks for something and answers until it is done.
    ///
    /// - Parameter answer: is given every message but the last; what it returns is sent back.
    /// - Returns: the value of `done`.
    func run(_ request: JSONValue, answer: (JSONValue) throws(ImageError) -> JSONValue? = { _ in nil }) throws(ImageError) -> JSONValue {
        try send(request)
        return try finish(answer)
    }

    func send(_ request: JSONValue) throws(ImageError) { try Messages(socket: conversation.number).send(request) }

    /// Answers until it is done.
    func finish(_ answer: (JSONValue) throws(ImageError) -> JSONValue?) throws(ImageError) -> JSONValue {
        let messages = Messages(socket: conversation.number)
        while let message = try messages.receive() {
            if let done = message["done"] { return done }
            if let error = message["error"] { throw ImageError(error) }
            if let reply = try answer(message) { try messages.send(reply) }
        }
        throw Self.ending(brig_unpack_wait(process.descriptor.number))
    }

    private static func ending(_ status: Int32) -> ImageError {
        switch status {
        case 128 + SIGALRM: ImageError(.limit, "unpacking took longer than it may", hint: "a larger time limit, if the source is trusted")
        case 128 + SIGXFSZ: ImageError(.limit, "a file of the image is longer than a layer may be")
        case 125, 126: ImageError(.confinement, "the process that unpacks could not be started (status \(status))")
        default: ImageError(.confinement, "the process that unpacks ended early, with status \(status)")
        }
    }
}
