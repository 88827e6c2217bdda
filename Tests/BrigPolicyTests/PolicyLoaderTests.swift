import BrigJSON
import BrigPolicy
import BrigSystem
import Glibc
import Testing

@Suite struct PolicyLoaderTests {
    private func failure(_ reference: String, overrides: [PolicyOverride] = []) -> String {
        do throws(PolicyError) {
            return "loaded \(try PolicyLoader.load(reference, overrides: overrides).origin.path)"
        } catch {
            return error.description
        }
    }

    @Test func fieldsReplaceThoseOfTheBaseOneByOne() throws {
        let policy = try load(#"{"version": 1, "name": "mine", "base": "build", "limits": {"pids": 7}, "process": {"environment": {"HOME": "/root"}}, "mounts": []}"#)
        let base = try PolicyLoader.load("build")
        #expect(policy.name == "mine" && policy.limits.pids == Demand(7))
        #expect(policy.limits.memory == base.limits.memory && policy.systemCalls == base.systemCalls)
        #expect(policy.mounts.isEmpty && !base.mounts.isEmpty, "a list is replaced as a whole")
        #expect(policy.process.environment.map(\.name) == ["HOME", "LANG", "PATH"], "an object is merged")
        #expect(policy.origin.sha256 != base.origin.sha256 && policy.origin.resolvedSHA256 != base.origin.resolvedSHA256)
    }

    @Test func aBaseIsRelativeToItsFileAndItsFaultsAreItsOwn() throws {
        try withFile(Array(#"{"version": 1, "limits": {"pids": 0, "openFiles": 100}}"#.utf8), name: "base.json") { base in
            let directory = base.dropLast("base.json".count)
            let top = "\(directory)top.json"
            try write(#"{"version": 1, "base": "base.json", "limits": {"openFiles": 1}}"#, to: top)
            defer { _ = unsafe unlink(top) }
            #expect(
                failure(top) == """
                    \(base):1:35: /limits/pids: expected an integer from 1 to 4194304, found 0
                    \(top):1:61: /limits/openFiles: expected an integer from 3 to 1048576, found 1
                    """)
        }
    }

    @Test func narrowingABaseIsNoContradiction() throws {
        let policy = try withFile(Array(#"{"version": 1, "syscalls": {"allow": ["read", "write"]}}"#.utf8), name: "base.json") { base in
            let top = "\(base.dropLast("base.json".count))top.json"
            try write(#"{"version": 1, "base": "./base.json", "syscalls": {"deny": ["write"]}}"#, to: top)
            defer { _ = unsafe unlink(top) }
            return try PolicyLoader.load(top)
        }
        #expect(policy.systemCalls.rules.contains { $0.number == SystemCallCatalog.entry("write")?.number && $0.action == .errno(EPERM) })
    }

    @Test func basesInACircleAreAnError() throws {
        try withFile(Array(#"{"version": 1, "base": "a.json"}"#.utf8), name: "a.json") {
            #expect(failure($0).hasSuffix("a.json:1:24: /base: \"a.json\" builds on this policy itself"))
        }
    }

    @Test func chainsEndAtEight() throws {
        try withFile(Array(#"{"version": 1}"#.utf8), name: "0.json") { first in
            let directory = first.dropLast("0.json".count)
            let paths = (1...8).map { "\(directory)\($0).json" }
            for (index, path) in paths.enumerated() { try write(#"{"version": 1, "base": "\#(index).json"}"#, to: path) }
            defer { for path in paths { _ = unsafe unlink(path) } }
            #expect(failure(paths[6]).hasPrefix("loaded"))
            #expect(failure(paths[7]).contains("more than 8 policies build on each other"))
        }
    }

    @Test func aFlagReplacesAFieldAndNamesItselfInMessages() throws {
        let flag = PolicyOverride("/limits/memory", "1GiB", flag: "--memory")
        let policy = try PolicyLoader.load("default", overrides: [flag])
        #expect(policy.limits.memory == Demand(ByteCount(1 << 30), isRequired: true))
        #expect(policy.origin.overrides.map(\.pointer) == ["/limits/memory"] && policy.origin.overrides.map(\.flag) == ["--memory"])
        let plain = try PolicyLoader.load("default").origin
        #expect(policy.origin.sha256 == plain.sha256 && policy.origin.resolvedSHA256 != plain.resolvedSHA256)
        #expect(failure("default", overrides: [PolicyOverride("/limits/memory", "lots", flag: "--memory")]).hasPrefix("--memory: expected a size such as \"256MiB\""))
        #expect(try PolicyLoader.load("default", overrides: [PolicyOverride("/process/environment/A~1B", "x", flag: "--env")]).process.environment.contains { $0.name == "A/B" })
    }

    @Test func aFlagAddsToAList() throws {
        let mount = PolicyOverride("/mounts/-", ["type": "bind", "source": "/srv", "target": "/srv"], flag: "--bind")
        let count = try PolicyLoader.load("default").mounts.count
        #expect(try PolicyLoader.load("default", overrides: [mount]).mounts.count == count + 1)
        #expect(try load(#"{"version": 1}"#, overrides: [mount]).mounts.map(\.target) == ["/srv"])
        let faulty = PolicyOverride("/mounts/-", ["type": "bind", "source": "srv", "target": "/srv"], flag: "--bind")
        #expect(failure("default", overrides: [mount, faulty]).hasPrefix("--bind: expected an absolute path"))
        #expect(try messages(#"{"version": 1, "mounts": 5}"#, overrides: [mount]) == ["1:26: /mounts: expected a list, found 5"])
    }

    @Test func aVariableByFlagAddsToTheStandardEnvironment() throws {
        let policy = try load(#"{"version": 1}"#, overrides: [PolicyOverride("/process/environment/A", "1", flag: "--env")])
        #expect(policy.process.environment.map(\.name) == ["A", "PATH"])
    }

    @Test func namesAndPathsAreToldApart() throws {
        #expect(failure("defualt").contains("built-in policies are build, ci-memory, default, network-client, strict (did you mean \"default\"?)"))
        #expect(failure("./default").hasSuffix("No such file or directory (ENOENT)"))
        #expect(failure("default.json").hasPrefix("default.json: No such file"))
        #expect(failure("").contains("not the name of a policy or a path"))
        #expect(failure("/tmp").contains("EISDIR"))
        #expect(failure("/dev/zero").contains("not a regular file"))
    }

    /// Opening a FIFO without a writer would wait for ever.
    @Test func aFIFOIsRefusedWithoutWaiting() throws {
        try withFile([]) { path in
            let fifo = path + ".fifo"
            try #require(unsafe mkfifo(fifo, 0o600) == 0)
            defer { _ = unsafe unlink(fifo) }
            #expect(failure(fifo).contains("not a regular file"))
        }
    }

    @Test func theDigestIsThatOfTheBytes() throws {
        #expect(try load(#"{"version": 1}"#).origin.sha256 == SHA256.hex(of: Array(#"{"version": 1}"#.utf8)))
        #expect(SHA256.hex(of: Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func layoutDoesNotChangeWhatAPolicyResolvesTo() throws {
        let one = try load(#"{"version": 1, "limits": {"pids": 5, "openFiles": 10}}"#)
        let other = try load("{\n\"limits\": {\"openFiles\": 10, \"pids\": 5}, \"version\": 1}\n")
        #expect(one.origin.resolvedSHA256 == other.origin.resolvedSHA256 && one.origin.sha256 != other.origin.sha256)
    }

    private func write(_ text: String, to path: String) throws {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(file >= 0)
        defer { _ = close(file) }
        let bytes = Array(text.utf8)
        try #require(unsafe Glibc.write(file, bytes, bytes.count) == bytes.count)
    }
}
