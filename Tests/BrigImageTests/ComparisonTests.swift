import BrigSystem
import Glibc
import TestSupport
import Testing

@testable import BrigImage

/// Against another tool: layers stacked with overlayfs are what umoci(1) unpacks, file by file.
@Suite(.requires(.brig, .root), .enabled("needs umoci, skopeo and getfattr in /usr/bin") { unsafe access("/usr/bin/umoci", X_OK) == 0 && access("/usr/bin/skopeo", X_OK) == 0 && access("/usr/bin/getfattr", X_OK) == 0 })
struct ComparisonTests {
    /// Three layers with deletions, replacements, opaque and implied directories, links, owners, odd names and times.
    private static let making = """
        set -e; cd "$1"; umoci init --layout lay; umoci new --image lay:base
        step() { umoci unpack --image lay:$1 b; r=b/rootfs; }
        step base; mkdir -p $r/etc/x $r/usr/bin $r/var/lib/deep/er $r/tmp $r/var/lib/q
        echo hi > $r/etc/passwd; echo a > $r/etc/x/a; echo b > $r/etc/x/b; ln -s ../bin/one $r/usr/bin/ls; cp /bin/true $r/usr/bin/one; ln $r/usr/bin/one $r/usr/bin/two
        chmod 1777 $r/tmp; chown -R 3:7 $r/var/lib; chmod 600 $r/etc/x/a; chmod 750 $r/etc; echo n > "$r/etc/$(printf 'e\\314\\201\\377')"
        touch -d '2001-02-03 04:05:06.789' $r/etc/x/b; setfattr -n user.note -v kept $r/etc/x/b; setfattr -n user.note -v base $r/var/lib; echo 1 > $r/var/lib/q/1; chmod 0750 $r/var/lib/q; umoci repack --image lay:l1 b; rm -rf b
        step l1; rm $r/etc/x/a $r/usr/bin/ls; echo new > $r/usr/bin/ls; chmod 755 $r/usr/bin/ls; rm -rf $r/var/lib/deep; mkdir $r/var/lib/deep; echo n > $r/var/lib/deep/n
        rm -r $r/tmp; echo 2 > $r/var/lib/q/2; umoci repack --image lay:l2 b; rm -rf b
        step l2; rm -r $r/var/lib/q; echo file > $r/var/lib/q; mkdir $r/tmp; echo 3 > $r/etc/x/c; setfattr -n user.note -v changed $r/var/lib; umoci repack --image lay:l3 b; rm -rf b
        umoci unpack --image lay:l3 u
        """

    /// One line for every entry: type, mode, owner, times, links; content; extended attributes.
    private static let listing = """
        cd "$1" && find . -printf '%y %m %U %G %T@ %n %s %l ' -print0 | tr '\\0\\n' '\\n\\n' | sed -E 's/^(d [0-9]+ [0-9]+ [0-9]+ [0-9.]+) [0-9]+ [0-9]+/\\1/' | sort
        find . -type f -print0 | sort -z | xargs -0 sha256sum
        find . \\( -type f -o -type d \\) -print0 | sort -z | xargs -0 getfattr -d -m - -e text
        """

    private func shell(_ script: String, _ argument: String) throws -> Command.Outcome { try Command("/bin/bash", ["-c", script, "bash", argument]).run() }

    @Test func stackedLayersAreWhatUmociUnpacks() throws {
        try Fixture.run { fixture in
            let made = try shell(Self.making, fixture.directory)
            try #require(made.succeeded, "\(made.errorText)")
            let store = try makeStore(in: fixture)
            let image = try store.importImages(from: ImageSource(.oci, path: fixture.path("lay"), tag: "l3"))[0].image
            let merged = try fixture.makeDirectory("merged")
            let lower = image.layers.reversed().map(\.path).joined(separator: ":")
            try #require(try Command("/bin/mount", ["-t", "overlay", "overlay", "-o", "ro,userxattr,lowerdir=\(lower)", merged]).run().succeeded)
            fixture.atEnd { _ = unsafe umount2(merged, 2) }
            let ours = try shell(Self.listing, merged)
            let theirs = try shell(Self.listing, fixture.path("u/rootfs"))
            #expect(ours.lines.count > 20)
            #expect(ours.lines.contains(#"user.note="kept""#) && ours.lines.contains(#"user.note="changed""#))
            #expect(ours.lines == theirs.lines)
        }
    }

    @Test func exportsAreTakenBySkopeo() throws {
        try Fixture.run { fixture in
            try #require(try shell(Self.making, fixture.directory).succeeded)
            let store = try makeStore(in: fixture)
            _ = try store.importImages(from: ImageSource(.oci, path: fixture.path("lay"), tag: "l3"), name: "made")
            for destination in ["docker-archive:\(fixture.path("out.tar")):made:1", "oci:\(fixture.path("out")):one"] {
                _ = try store.export("made", to: destination)
                let copied = try Command("/usr/bin/skopeo", ["copy", destination, "dir:\(fixture.path("copy"))"]).run()
                #expect(copied.succeeded, "\(destination): \(copied.errorText)")
            }
            let again = try store.importImages(from: ImageSource(.any, path: fixture.path("out.tar")))[0].image
            #expect(again.layers.map(\.summary.tree) == (try store.resolve("made")).layers.map(\.summary.tree))
        }
    }
}
