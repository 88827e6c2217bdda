internal import BrigSystem
internal import CAppArmor
internal import Glibc

extension ShippedProfile {
    /// Where Debian, Ubuntu and others have the parser.
    private static let parsers = ["/usr/sbin/apparmor_parser", "/sbin/apparmor_parser", "/usr/bin/apparmor_parser"]

    /// Has apparmor_parser(8) compile the text and put it into the kernel, in place of what is there under the name. Jobs that run are held by
    /// the new text at once.
    ///
    /// - Throws: without AppArmor, without root, without the parser, or where the parser refuses; its words are on standard error.
    public func load() throws(AppArmorError) {
        try LoadedProfile.requireAppArmor()
        try Self.requireRoot("loads profiles")
        guard let parser = Self.parsers.first(where: { unsafe access($0, X_OK) == 0 }) else {
            throw AppArmorError("there is no apparmor_parser in \(Self.parsers.joined(separator: ", "))", hint: "apt-get install apparmor")
        }
        let file: FileDescriptor
        do { file = try privateFile() } catch { throw AppArmorError(error) }
        // Nothing of it in a cache: the cache would know it by the name of a file that is gone.
        let status = try Self.run(parser, ["--replace", "--skip-cache", "--quiet"], input: file)
        if status != 0 {
            let how = status & 0x7f == 0 ? "ended with status \(status >> 8 & 0xff)" : "was killed by \(signalName(status & 0x7f))"
            throw AppArmorError("\(parser) \(how) on the profile \(name)", hint: "what it reads beside it is in /etc/apparmor.d (package apparmor)")
        }
    }

    /// Takes the profile out of the kernel. Whatever is in it would be unconfined from then on.
    ///
    /// - Throws: without AppArmor, without root, for a profile that is not loaded, and for one that processes are in.
    public func unload() throws(AppArmorError) {
        try LoadedProfile.requireAppArmor()
        try Self.requireRoot("unloads profiles")
        guard try LoadedProfile.all().contains(where: { $0.name == name }) else { throw AppArmorError("the profile \(name) is not loaded") }
        let members = try Self.processes(in: name)
        if let first = members.first {
            throw AppArmorError("\(members.count == 1 ? "process \(first) is" : "\(members.count) processes, \(first) among them, are") in the profile \(name) and would be unconfined", hint: "wait for the jobs to end")
        }
        var interface: OpaquePointer?
        guard unsafe aa_kernel_interface_new(&interface, nil, nil) == 0, let kernel = unsafe interface else { throw AppArmorError(SystemError("aa_kernel_interface_new", errno: errno)) }
        defer { unsafe aa_kernel_interface_unref(kernel) }
        guard unsafe aa_kernel_interface_remove_policy(kernel, name) == 0 else { throw AppArmorError(SystemError("aa_kernel_interface_remove_policy", name, errno: errno)) }
    }

    private static func requireRoot(_ what: String) throws(AppArmorError) {
        if !Host.isRoot { throw AppArmorError("only root \(what); this is user \(Host.effectiveUser)", hint: "sudo brig apparmor ...") }
    }

    /// The text in a file that has no name any more when it is first written to: nothing can be left of it, and nobody else can open it.
    private func privateFile() throws(SystemError) -> FileDescriptor {
        var path = Array("/tmp/brig-profile-XXXXXX".utf8CString)
        // With mode 0600.
        let file = FileDescriptor(owning: try check("mkstemp", "/tmp") { unsafe mkstemp(&path) })
        let number = file.number
        try check("unlink", "/tmp") { unsafe unlink(path) }
        try check("fcntl", "F_SETFD") { fcntl(number, F_SETFD, FD_CLOEXEC) }
        try file.write(text, subject: "profile \(name)")
        try check("lseek") { lseek(number, 0, SEEK_SET) }
        return file
    }

    /// Runs a program with an environment of its own; its wait status.
    private static func run(_ program: String, _ words: [String], input: borrowing FileDescriptor) throws(AppArmorError) -> Int32 {
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + words).map { unsafe strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), strdup("LC_ALL=C"), nil]
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer {
            for index in unsafe arguments.indices { unsafe free(arguments[index]) }
            for index in unsafe environment.indices { unsafe free(environment[index]) }
            unsafe posix_spawn_file_actions_destroy(&actions)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, input.number, 0)
        var child: pid_t = 0
        let error = unsafe posix_spawn(&child, program, &actions, nil, &arguments, &environment)
        if error != 0 { throw AppArmorError(SystemError("posix_spawn", program, errno: error)) }
        var status: Int32 = 0
        do throws(SystemError) {
            try check("waitpid", program) { unsafe waitpid(child, &status, 0) }
        } catch {
            throw AppArmorError(error)
        }
        return status
    }

    /// Processes whose label has the profile in it.
    private static func processes(in name: String) throws(AppArmorError) -> [Int32] {
        let names: [String]
        do throws(SystemError) {
            names = try directoryEntries(try FileDescriptor.open("/proc", [.read, .directory]), subject: "/proc")
        } catch {
            throw AppArmorError(error)
        }
        return names.compactMap { Int32($0) }.sorted().filter { AppArmor.label(process: "\($0)").map { AppArmorLabel($0).involves(name) } ?? false }
    }
}
