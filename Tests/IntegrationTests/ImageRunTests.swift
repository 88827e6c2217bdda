import BrigJSON
import BrigSystem
import TestSupport
import Testing

/// Jobs on imported images: what the image says of its programs, and what the policy and the command line say against it.
@Suite(.requires(.brig, .busybox)) struct ImageRunTests {
    /// A docker-archive with busybox in it.
    ///
    /// - Parameter config: the `config` of the image's configuration.
    private func makeImage(_ fixture: Fixture, _ config: JSONValue, passwd: String = "root:x:0:0::/:/bin/sh\nann:x:77:88::/:/bin/sh\n") throws -> String {
        for name in ["bin", "dev", "proc", "tmp", "etc", "place"] { try fixture.makeDirectory("image/\(name)") }
        try fixture.write("image/bin/busybox", try readFile("/bin/busybox"), mode: 0o755)
        try fixture.write("image/etc/passwd", passwd)
        try fixture.write("image/etc/group", "crew:x:99:\n")
        let archived = try Command("/bin/sh", ["-c", "cd '\(fixture.directory)' && for name in sh cat id env pwd echo; do ln -f image/bin/busybox image/bin/$name; done && tar -cf layer.tar -C image ."]).run()
        try #require(archived.succeeded, "\(archived.errorText)")
        let layer = try fixture.read(fixture.path("layer.tar"))
        let document: JSONValue = [
            "architecture": "amd64", "os": "linux", "config": config, "rootfs": ["type": "layers", "diff_ids": [.string("sha256:\(SHA256.hex(of: layer))")]],
        ]
        let bytes = document.encoded()
        let name = "\(SHA256.hex(of: bytes)).json"
        try fixture.write(name, bytes)
        try fixture.write("manifest.json", ([["Config": .string(name), "RepoTags": ["test:1"], "Layers": ["layer.tar"]]] as JSONValue).encoded())
        let packed = try Command("/bin/tar", ["-cf", fixture.path("image.tar"), "-C", fixture.directory, "layer.tar", name, "manifest.json"]).run()
        try #require(packed.succeeded, "\(packed.errorText)")
        return "docker-archive:\(fixture.path("image.tar"))"
    }

    private func launch(_ fixture: Fixture, _ image: String, policy: String = "default", _ options: [String] = [], _ command: [String] = []) throws -> Launch {
        try fixture.launch(policy, ["--rootfs", image] + options, command, environment: ["BRIG_STORE": fixture.path("store"), "PATH": "/usr/bin:/bin", "GIVEN": "caller"])
    }

    private static let config: JSONValue = [
        "Env": ["PATH=/bin", "A=image", "B=image", "GIVEN=image", "A=last"], "WorkingDir": "/place/", "Entrypoint": ["/bin/sh", "-c"], "Cmd": ["echo $A $B; pwd; id -u; id -g"], "User": "ann",
    ]

    @Test func `an image's own program, environment, directory and user are defaults`() throws {
        try Fixture.run { fixture in
            let job = try launch(fixture, try makeImage(fixture, Self.config))
            #expect(job.outcome.lines == ["last image", "/place", "77", "88"], job.summary)
            #expect(job["/process/arguments"] == ["/bin/sh", "-c", "echo $A $B; pwd; id -u; id -g"], job.summary)
            #expect(["arguments", "workingDirectory", "user", "group"].map { job["/process/\($0)Source"].string } == ["image", "image", "image", "image"], job.summary)
            #expect(job["/process/user"] == 77 && job["/process/group"] == 88 && job["/process/workingDirectory"] == "/place", job.summary)
            // The built-in policy's PATH is for no image in particular; what the image does not name stays.
            #expect(job["/process/environment"] == ["A": "image", "B": "image", "GIVEN": "image", "HOME": "built-in-policy", "LANG": "built-in-policy", "PATH": "image"], job.summary)
            #expect(job["/job/command"] == [], job.summary)
            try requireComplete([job])
        }
    }

    @Test func `a policy's file and the command line win`() throws {
        try Fixture.run { fixture in
            let image = try makeImage(fixture, Self.config)
            let policy = try fixture.policy("default", [.init("process", ["cwd": "/tmp", "environment": ["B": "policy"], "inheritEnvironment": ["GIVEN"], "user": 5])])
            let words = ["sh", "-c", "echo $A $B $C $GIVEN; pwd; id -u; id -g"]
            let job = try launch(fixture, image, policy: policy, ["--env", "C=flag"], words)
            // The image's group belongs to the image's user, which is not the job's.
            #expect(job.outcome.lines == ["last policy flag caller", "/tmp", "5", "65534"], job.summary)
            #expect(job["/process/userSource"] == "policy" && job["/process/groupSource"] == "default" && job["/process/workingDirectorySource"] == "policy", job.summary)
            #expect(job["/process/argumentsSource"] == "command-line", job.summary)
            #expect(["A", "B", "C", "GIVEN"].map { job["/process/environment/\($0)"].string } == ["image", "policy", "command-line", "caller"], job.summary)
            let inherited = try launch(fixture, image, policy: policy, ["--inherit-env", "PATH", "--env", "GIVEN=flag"], ["sh", "-c", "echo $PATH $GIVEN"])
            #expect(inherited.outcome.lines == ["/usr/bin:/bin flag"] && inherited["/process/environment/PATH"] == "caller", inherited.summary)
            let flags = try launch(fixture, image, policy: policy, ["--user", "9:crew", "--workdir", "/place", "--env", "A=flag"], words)
            #expect(flags.outcome.lines == ["flag policy caller", "/place", "9", "99"], flags.summary)
            #expect(flags["/process/groupSource"] == "command-line" && flags["/process/environment/A"] == "command-line", flags.summary)
        }
    }

    @Test func `an image without a program needs one`() throws {
        try Fixture.run { fixture in
            let image = try makeImage(fixture, [:])
            let job = try launch(fixture, image)
            #expect(job.exitCode == 125 && job.message.contains("no program to run: the image"), job.summary)
            let given = try launch(fixture, image, [], ["/bin/id", "-u"])
            #expect(given.outcome.text == "65534\n" && given["/process/userSource"] == "default", given.summary)
            let host = try fixture.launch("default", [], [])
            #expect(host.exitCode == 125 && host.message.contains("no program to run"), host.summary)
        }
    }

    /// Of an image nothing is believed: each of these would reach further than the image if it were.
    @Test func `what cannot be is refused, and a flag stands in for it`() throws {
        let cases: [(config: JSONValue, passwd: String, message: String, flags: [String])] = [
            (["User": "-1"], "", "user is \"-1\"", ["--user", "1"]),
            (["User": "4294967295"], "", "user is \"4294967295\"", ["--user", "1"]),
            (["User": "70000"], "", "user is \"70000\"", ["--user", "1"]),
            (["User": "a:b:c"], "", "user is \"a:b:c\"", ["--user", "1"]),
            (["User": "eve"], "eve:x:4294967295:0::/:\n", "eve", ["--user", "1"]),
            (["User": "nobody-here"], "root:x:0:0::/:\n", "nobody-here", ["--user", "1"]),
            (["WorkingDir": "/place/../.."], "", "working directory", ["--workdir", "/"]),
        ]
        for each in cases {
            try Fixture.run { fixture in
                let image = try makeImage(fixture, each.config, passwd: each.passwd)
                let job = try launch(fixture, image, [], ["/bin/echo", "ran"])
                #expect(job.exitCode == 125 && job.message.contains(each.message) && job.outcome.output.isEmpty, job.summary)
                let flagged = try launch(fixture, image, each.flags, ["/bin/echo", "ran"])
                #expect(flagged.outcome.text == "ran\n", flagged.summary)
            }
        }
    }

    /// As many as container engines make, and more than one option of a mount has room for.
    @Test func `an image of many layers`() throws {
        try Fixture.run { fixture in
            let script = """
                cd '\(fixture.directory)' && mkdir -p root/bin root/dev root/proc root/tmp && cp /bin/busybox root/bin/cat && tar -C root -cf 000.tar . &&
                for i in $(seq -w 1 119); do mkdir d$i && echo $i > d$i/f$i && echo $i > d$i/last && tar -C d$i -cf $i.tar f$i last || exit 1; done
                sha256sum ???.tar | cut -d' ' -f1
                """
            let made = try Command("/bin/sh", ["-c", script]).run()
            try #require(made.lines.count == 120, "\(made.errorText)")
            let config: JSONValue = ["architecture": "amd64", "os": "linux", "rootfs": ["type": "layers", "diff_ids": .array(made.lines.map { .string("sha256:\($0)") })]]
            let bytes = config.encoded()
            let name = "\(SHA256.hex(of: bytes)).json"
            let layers = (0..<120).map { "\(String(1000 + $0).dropFirst()).tar" }
            try fixture.write(name, bytes)
            try fixture.write("manifest.json", ([["Config": .string(name), "RepoTags": ["many:1"], "Layers": .array(layers.map { .string($0) })]] as JSONValue).encoded())
            _ = try Command("/bin/tar", ["-cf", fixture.path("image.tar"), "-C", fixture.directory, name, "manifest.json"] + layers).run()
            for caller in Caller.allCases {
                let place = try fixture.makeDirectory("store-\(caller)", mode: 0o777)
                let words = ["/bin/cat", "/f001", "/f064", "/f119", "/last"]
                let job = try fixture.launch("default", ["--rootfs", "docker-archive:\(fixture.path("image.tar"))"], words, as: caller, environment: ["BRIG_STORE": "\(place)/store", "PATH": "/usr/bin:/bin"])
                #expect(job.outcome.lines == ["001", "064", "119", "119"], job.summary)
            }
        }
    }

    @Test func `an empty image is listed, and starts nothing`() throws {
        try Fixture.run { fixture in
            let store = ["--store", fixture.path("store")]
            try fixture.write("nothing.tar", [])
            #expect(try Executables.run(["image", "import"] + store + [fixture.path("nothing.tar")]).succeeded)
            #expect(try Executables.run(["image", "ls"] + store).text.contains("empty:latest"))
            #expect(try Executables.run(["image", "inspect"] + store + ["empty"]).succeeded)
            let job = try launch(fixture, "empty", [], ["/bin/true"])
            #expect(job.exitCode == 125 && job.message.contains("image empty is empty"), job.summary)
        }
    }

    @Test func `a digest in the policy pins the image`() throws {
        try Fixture.run { fixture in
            let image = try makeImage(fixture, Self.config)
            let first = try launch(fixture, image)
            let id = try #require(first["/image/digest"].string)
            for (digest, code) in [(id, Int32(0)), ("sha256:\(String(repeating: "0", count: 64))", 125)] {
                let policy = try fixture.policy("default", [.init("rootfs", ["image": .string(image), "digest": .string(digest)])])
                let job = try fixture.launch(policy, [], [], environment: ["BRIG_STORE": fixture.path("store")])
                #expect(job.exitCode == code, job.summary)
            }
        }
    }
}
