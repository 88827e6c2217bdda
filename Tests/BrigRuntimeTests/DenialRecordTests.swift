import BrigReport
import Testing

@testable import BrigRuntime

/// Records of denials as kernels write them, and what no kernel writes.
struct DenialRecordTests {
    private static let header = "audit(1795919157.253:5): "

    private func record(_ text: String) throws -> DenialRecord? { try DenialRecord(Array((Self.header + text).utf8)) }

    @Test func aFileOfKernel612() throws {
        let record = try #require(
            try record(
                #"apparmor="DENIED" operation="open" class="file" profile="brig-job" name="/proc/sys/kernel/hostname" pid=271 comm="python3" requested_mask="wc" denied_mask="w" fsuid=1879113726 ouid=0"#
            ))
        #expect(record.profile == "brig-job" && record.process == 271 && record.command == "python3" && record.user == 1_879_113_726 && record.error == nil)
        #expect(record.details == ["operation": "open", "path": "/proc/sys/kernel/hostname", "requested": "wc", "denied": "w"])
        #expect(record.summary == "open /proc/sys/kernel/hostname")
    }

    @Test func whatIsNoFile() throws {
        let socket = try #require(
            try record(
                #"apparmor="DENIED" operation="create" profile="brig-strict" pid=262 comm="python3" family="inet" sock_type="stream" protocol=0 requested_mask="create" denied_mask="create""#
            ))
        #expect(socket.user == nil && socket.details == ["operation": "create", "family": "inet", "socketType": "stream", "requested": "create", "denied": "create"])
        let mount = try #require(
            try record(#"apparmor="DENIED" operation="mount" info="failed mntpnt match" error=-13 profile="brig-job" name="/tmp/" pid=216 comm="sh" fstype="tmpfs" srcname="none""#))
        #expect(mount.error == 13)
        #expect(mount.details == ["operation": "mount", "path": "/tmp/", "info": "failed mntpnt match", "fileSystem": "tmpfs", "source": "none"])
        let capability = try #require(try record(#"apparmor="DENIED" operation="capable" class="cap" profile="brig-strict" pid=317 comm="python3" capability=1  capname="dac_override""#))
        #expect(capability.summary == "capable dac_override")
        let signal = try #require(
            try record(#"apparmor="DENIED" operation="signal" profile="brig-job" pid=216 comm="sh" requested_mask="send" denied_mask="send" signal=exists peer="unconfined""#))
        #expect(signal.details["signal"] == "exists" && signal.details["peer"] == "unconfined")
    }

    /// A name with blanks, quotes or bytes that are no ASCII comes as digits: nothing in it is taken for a field.
    @Test func namesThatTheJobChose() throws {
        // `/proc/sys/a "b\né`, and a command that looks like a field
        let record = try #require(
            try record(
                "apparmor=\"DENIED\" operation=\"mknod\" profile=\"brig-job\" name=2F70726F632F7379732F612022620AC3A9 pid=271 comm=2220706964 requested_mask=\"c\" denied_mask=\"c\" fsuid=0 ouid=0\n"))
        #expect(record.details["path"] == "/proc/sys/a \"b\né")
        #expect(record.command == "\" pid")
        #expect(record.process == 271)
    }

    @Test(arguments: [
        #"apparmor="STATUS" operation="profile_load" profile="unconfined" name="brig-job" pid=210 comm="apparmor_parser""#,
        #"apparmor="ALLOWED" operation="open" profile="outer" name="/x" pid=483 comm="brig" requested_mask="r" denied_mask="r" fsuid=0 ouid=0"#,
        #"avc:  denied  { read } for  pid=1 comm="a" scontext=x tcontext=y tclass=file permissive=0"#, "", "op=x",
    ]) func anythingElseIsNoDenial(_ text: String) throws {
        #expect(try record(text) == nil)
    }

    @Test func aRecordWithoutAHeaderIsNoDenial() throws {
        #expect(try DenialRecord([]) == nil)
        #expect(try DenialRecord(Array("apparmor=\"DENIED\"".utf8)) == nil)
        #expect(try DenialRecord([UInt8](repeating: 0x20, count: 9000)) == nil)
    }

    private static let whole = #"apparmor="DENIED" operation="open" profile="brig-job" name="/proc/kcore" pid=235 comm="cat" requested_mask="r" denied_mask="r" fsuid=1000 ouid=0"#

    @Test(arguments: [
        #"apparmor="DENIED"#, #"apparmor="DENIED" operation="open""#, #"apparmor="DENIED" operation="open" profile="p" pid=0"#,
        #"apparmor="DENIED" operation="open" profile="p" pid=-4"#, #"apparmor="DENIED" operation="open" profile="p" pid=4x"#,
        #"apparmor="DENIED" operation="open" profile="p" pid=99999999999"#, #"apparmor="DENIED" profile="p" pid=4"#, #"apparmor="DENIED" operation="" profile="p" pid=4"#,
        #"apparmor="DENIED" operation="open" profile=p pid=4"#, #"apparmor="DENIED" operation="open" profile="p" pid=4 name=2F7"#,
        #"apparmor="DENIED" operation="open" profile="p" pid=4 name=/etc/passwd"#, #"apparmor="DENIED" operation="open" profile="p" pid=4 comm="a"b"#,
        #"apparmor="DENIED" operation="open" profile="p" pid=4 comm="a" pid=5"#, #"apparmor="DENIED" operation="open" profile="p" pid=4 fsuid=4294967296"#,
        #"apparmor="DENIED" operation="open" profile="p" pid=4 word"#, #"apparmor="DENIED" operation="open" profile="p" pid=4 ="x""#,
    ]) func aDenialInAnotherFormIsUnreadableAndNeverGuessed(_ text: String) {
        #expect(throws: DenialRecord.Unreadable.self) { try record(text) }
    }

    /// Cut anywhere and with any byte changed it is a record, none, or unreadable; never the end of brig.
    @Test func whateverComes() {
        let bytes = Array((Self.header + Self.whole).utf8)
        var outcomes = Set<String>()
        func note(_ text: [UInt8]) {
            do { outcomes.insert(try DenialRecord(text) == nil ? "none" : "record") } catch { outcomes.insert("unreadable") }
        }
        for end in bytes.indices { note(Array(bytes[..<end])) }
        for index in bytes.indices {
            for byte: UInt8 in [0, 0x0A, 0x20, 0x22, 0x3D, 0x41, 0x80, 0xFF] {
                var changed = bytes
                changed[index] = byte
                note(changed)
            }
        }
        #expect(outcomes == ["none", "record", "unreadable"])
    }

    @Test func distinctOnesAreBoundedAndTheCountStaysExact() {
        var distinct = DistinctViolations<Int>(.apparmor)
        for number in 0..<1000 { for _ in 0..<2 { distinct.add(number) { JobReport.Violation(kind: .apparmor, name: "\(number)", action: "EACCES", count: 1) } } }
        #expect(distinct.list.count == 257)
        #expect(distinct.list.reduce(0) { $0 + $1.count } == 2000)
        #expect(distinct.list.last?.isSaturated == true && distinct.list.first?.count == 2)
    }
}
