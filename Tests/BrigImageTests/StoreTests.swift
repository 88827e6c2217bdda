import BrigSystem
import Glibc
import TestSupport
import Testing

@testable import BrigImage

/// A store that several use at once, that crashes, that is full, that was tampered with.
@Suite(.requires(.brig))
struct StoreTests {
    @Test func twoImportsOfOneImageAtOnce() throws {
        try Fixture.run { fixture in
            let archive = tar { tar in for index in 0..<2000 { tar.add("f\(index)", data: hello) } }
            let path = try fixture.write("a.tar", Layout(layers: [archive]).dockerArchive())
            let line = "for i in 1 2 3 4; do \(Executables.brig) image import --store \(fixture.path("store")) \(path) & done; wait"
            let outcome = try Command("/bin/sh", ["-c", line]).run()
            #expect(outcome.lines.count == 4, "\(outcome.errorText)")
            let store = try makeStore(in: fixture)
            #expect(try store.images().map(\.names) == [["test:1"]])
            #expect(try store.verify().faults == [])
            #expect(try fixture.names(in: "store/tmp") == [])
        }
    }

    @Test func aCrashAtAnyMomentLeavesASoundStore() throws {
        try Fixture.run { fixture in
            let archive = tar { tar in for index in 0..<6000 { tar.add("f\(index)", data: hello) } }
            let path = try fixture.write("a.tar", archive)
            for milliseconds in [5, 20, 60, 150, 300] {
                let line =
                    "\(Executables.brig) image import --store \(fixture.path("store")) \(path) & pid=$!; sleep 0.\(String(1000 + milliseconds).dropFirst()); kill -9 $pid; wait"
                _ = try Command("/bin/sh", ["-c", line]).run()
                let store = try makeStore(in: fixture)
                #expect(try store.verify().faults == [], "after \(milliseconds) ms")
            }
            let store = try makeStore(in: fixture)
            _ = try store.collectGarbage()
            #expect(try fixture.names(in: "store/tmp") == [])
            #expect(try store.importImages(from: ImageSource(.tar, path: path), name: "after")[0].image.layers.count == 1)
        }
    }

    @Test(.requires(.root)) func aFullFileSystemLeavesASoundStore() throws {
        try Fixture.run { fixture in
            let mountPoint = try fixture.makeDirectory("store")
            try #require(try Command("/bin/mount", ["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", mountPoint]).run().succeeded)
            fixture.atEnd { _ = unsafe umount2(mountPoint, 2) }
            let store = try makeStore(in: fixture)
            let path = try fixture.write("a.tar", tar { tar in for index in 0..<100 { tar.add("f\(index)", data: [UInt8](repeating: 1, count: 65536)) } })
            #expect { try store.importImages(from: ImageSource(.tar, path: path)) } throws: { ($0 as? ImageError)?.message.contains("ENOSPC") == true }
            #expect(try contents(fixture) == [])
            let small = try fixture.write("b.tar", ImportTests.base)
            #expect(try store.importImages(from: ImageSource(.tar, path: small)).count == 1)
            #expect(try store.verify().faults == [])
        }
    }

    @Test func everyChangeOfALayerIsFound() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            let path = try fixture.write("a.tar", ImportTests.base)
            let files = try store.importImages(from: ImageSource(.tar, path: path))[0].image.layers[0].path
            #expect(try store.verify().faults == [])
            let changes = [
                ("printf jello > \(files)/etc/a", "printf hello > \(files)/etc/a"), ("chmod 600 \(files)/etc/a", "chmod 644 \(files)/etc/a"),
                ("touch \(files)/etc/new", "rm \(files)/etc/new"), ("ln \(files)/etc/a \(files)/etc/new", "rm \(files)/etc/new"),
            ]
            for (change, undo) in changes {
                // Writing changes times: those are put back, to be sure of the rest.
                let times = "touch -d @1000 \(files)/etc/a; touch -d @55 \(files)/etc"
                _ = try Command("/bin/sh", ["-c", "\(change); \(times)"]).run()
                #expect(try store.verify().faults.count == 1, "\(change)")
                _ = try Command("/bin/sh", ["-c", "\(undo); \(times)"]).run()
                #expect(try store.verify().faults == [], "\(undo)")
            }
        }
    }

    @Test func removalTakesTheLayersThatNobodyNeeds() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            let one = try fixture.write("a.tar", Layout(layers: [ImportTests.base], names: ["one:1"]).dockerArchive())
            let two = try fixture.write("b.tar", Layout(layers: [ImportTests.base, ImportTests.top], names: ["two:1", "also:1"]).dockerArchive())
            for path in [one, two] { _ = try store.importImages(from: ImageSource(.any, path: path)) }
            #expect(try store.remove(ImageReference("also:1")).images.isEmpty)
            #expect(try store.remove(ImageReference("two:1")).layers.count == 1)
            #expect(try store.resolve("one:1").layers.count == 1)
            let pin = try store.pin(try store.resolve("one:1"))
            #expect(try store.remove(ImageReference("one:1")).inUse == [Digest(of: ImportTests.base)])
            _ = consume pin
            #expect(try store.collectGarbage().layers == [Digest(of: ImportTests.base)])
            #expect(try contents(fixture).filter { !$0.hasPrefix("sources") } == [])
        }
    }

    @Test func exportsAreTakenAgainAndAreTheSame() throws {
        try Fixture.run { fixture in
            let store = try makeStore(in: fixture)
            let path = try fixture.write("a.tar", Layout(layers: [ImportTests.base, ImportTests.top]).dockerArchive())
            _ = try store.importImages(from: ImageSource(.any, path: path))
            let first = try store.export("test:1", to: "docker-archive:\(fixture.path("one.tar")):test:2")
            let second = try store.export("test:1", to: "oci:\(fixture.path("two")):test:3")
            #expect(first.id == second.id)
            let docker = try store.importImages(from: ImageSource(.any, path: fixture.path("one.tar")))[0]
            let oci = try store.importImages(from: ImageSource(.any, path: fixture.path("two")))[0]
            #expect(docker.image.id == first.id && oci.image.id == first.id)
            #expect(docker.image.config.environment == ["A=b"])
            #expect(oci.names == ["test:3"])
            #expect(docker.image.layers.map(\.summary.tree) == (try store.resolve("test:1")).layers.map(\.summary.tree))
            #expect(try store.export("test:2", to: "docker-archive:\(fixture.path("three.tar")):test:2").id == first.id)
            #expect(try fixture.read(fixture.path("one.tar")) == fixture.read(fixture.path("three.tar")))
        }
    }

    @Test func aStoreThatOthersMayWriteToIsRefused() throws {
        try Fixture.run { fixture in
            _ = try makeStore(in: fixture)
            var status = stat()
            #expect(unsafe lstat(fixture.path("store"), &status) == 0 && status.st_mode & 0o777 == 0o700)
            _ = unsafe chmod(fixture.path("store"), 0o777)
            #expect(throws: ImageError.self) { _ = try makeStore(in: fixture) }
            try fixture.write("full/file", "x")
            #expect(throws: ImageError.self) { _ = try ImageStore.open(path: fixture.path("full")) }
        }
    }

    /// What the process that reads archives is, looked at while it waits for one.
    @Test(.requires(.userNamespaces)) func archivesAreReadByAConfinedProcess() throws {
        try Fixture.run { fixture in
            let script = """
                mkfifo \(fixture.path("fifo")); \(Executables.brig) image import --store \(fixture.path("store")) tar:\(fixture.path("fifo")) & brig=$!
                exec 9> \(fixture.path("fifo")); child=
                for i in $(seq 300); do child=$(tr -d ' ' < /proc/$brig/task/$brig/children); grep -q 'Seccomp:.2' /proc/${child:-none}/status 2>/dev/null && break; sleep 0.1; done
                grep -E '^(Seccomp|NoNewPrivs|CapEff|CapPrm|Threads):' /proc/$child/status; readlink /proc/$child/root
                for n in user mnt net pid ipc uts; do [ "$(readlink /proc/$child/ns/$n)" != "$(readlink /proc/self/ns/$n)" ] && echo own $n; done
                ls /proc/$child/fd; kill -9 $brig; exec 9>&-; wait
                """
            let outcome = try Command("/bin/sh", ["-c", script]).run()
            for line in [
                "NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t000000000000001b", "CapPrm:\t000000000000001b", "own user", "own mnt", "own net", "own pid", "own ipc", "own uts",
            ] {
                #expect(outcome.lines.contains(line), "\(line) in \(outcome.text)")
            }
        }
    }
}
