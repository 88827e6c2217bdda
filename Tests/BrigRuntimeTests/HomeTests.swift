import Testing

@testable import BrigRuntime

/// Which directories of the machine are people's homes.
struct HomeTests {
    @Test func peoplesHomesWhereverTheyAre() {
        let accounts = """
            root:x:0:0:root:/root:/bin/sh
            daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
            web:x:33:33:web:/var/www:/usr/sbin/nologin
            nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
            ann:x:1000:1000:Ann,,,:/data/people/ann/:/bin/bash
            bob:x:1001:1001::/srv//bob:/bin/sh
            cut:x:1002:1002
            odd:x:-5:1003::/data/odd:/bin/sh
            """
        #expect(HostRoot.homes(accounts: accounts, own: "/volume/home/.") == ["/data/people/ann", "/nonexistent", "/root", "/srv/bob", "/volume/home"])
    }

    /// Some accounts have one of these for a home; without it nothing could run.
    @Test(arguments: ["/", "//", "/usr", "/usr/local", "/usr/sbin/", "/bin", "/etc", "/var", "relative", "/data/../etc", ""]) func whatProgramsAreInIsNoHome(path: String) {
        #expect(HostRoot.homes(accounts: "ann:x:1000:1000::\(path):/bin/sh", own: path).isEmpty)
    }
}
