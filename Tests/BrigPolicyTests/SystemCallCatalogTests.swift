import BrigPolicy
import Testing

@Suite struct SystemCallCatalogTests {
    /// Newest number that every supported libseccomp knows (process_mrelease and futex_waitv of 2.5.4).
    private static let libraryNewest = 450

    @Test(arguments: [SystemCallABI.x86_64, .aarch64])
    func numbersAreThoseOfLibseccomp(_ abi: SystemCallABI) {
        var checked = 0
        for entry in SystemCallCatalog.entries {
            let number = abi == .x86_64 ? entry.numbers.x86_64 : entry.numbers.aarch64
            guard number >= 0 else { continue }
            let name = SystemCallCatalog.libraryName(of: UInt32(number), abi: abi)
            if number <= Self.libraryNewest || name != nil { #expect(name == entry.name) }
            checked += 1
        }
        #expect(checked > 300)
    }

    @Test(arguments: [SystemCallABI.x86_64, .aarch64])
    func knowsAllThatLibseccompKnows(_ abi: SystemCallABI) {
        let known = Set(SystemCallCatalog.entries.map(\.name))
        for number in 0..<512 as Range<UInt32> {
            if let name = SystemCallCatalog.libraryName(of: number, abi: abi) { #expect(known.contains(name), "\(number) \(name)") }
        }
    }

    @Test func everyCallIsFoundByItsNameAndIsInAGroup() {
        let grouped = Set(SystemCallGroups.all.flatMap { $0.members.map(\.name) })
        for entry in SystemCallCatalog.entries {
            #expect(SystemCallCatalog.entry(entry.name)?.name == entry.name, "the table is not sorted at \(entry.name)")
            guard let number = entry.number else { continue }
            #expect(SystemCallCatalog.meaning(of: entry.name) == .number(number))
            #expect(SystemCallCatalog.name(of: number) == entry.name)
            #expect(grouped.contains(entry.name), "\(entry.name) is in no group")
        }
    }

    @Test func groupsAreNamedSummarizedAndNotEmpty() {
        let names = SystemCallGroups.all.map(\.name)
        #expect(Set(names).count == names.count)
        for group in SystemCallGroups.all {
            #expect(group.name.hasPrefix("@") && group.summary.hasSuffix("."))
            #expect(!group.members.isEmpty)
        }
        #expect(SystemCallGroups.named("@network-client")?.members.contains { $0.name == "listen" } == false)
    }

    @Test func argumentKinds() {
        #expect(SystemCallCatalog.entry("openat")?.arguments == [.word, .pointer, .word, .mode])
        #expect(SystemCallCatalog.entry("ioctl")?.arguments == [.word, .word, .pointer])
        #expect(SystemCallCatalog.entry("clone")?.arguments.first == .word)
        #expect(SystemCallCatalog.entry("socket")?.arguments == [.word, .word, .word])
        #expect(SystemCallCatalog.entry("mmap")?.arguments == [.long, .long, .long, .long, .long, .long])
    }

    @Test func namesOfOtherArchitecturesAreNotUnknown() {
        #expect(SystemCallCatalog.meaning(of: "mmap2") == .elsewhere)
        #expect(SystemCallCatalog.meaning(of: "nosuchcall") == .unknown)
        #expect(SystemCallCatalog.meaning(of: "") == .unknown)
    }

    @Test func foreignNumbersHaveNames() {
        #expect(SystemCallCatalog.name(of: 26, abi: .i386) == "ptrace")
        #expect(SystemCallCatalog.name(of: 521 | SystemCallABI.x32Bit, abi: .x32) == "ptrace")
        #expect(SystemCallABI(auditArchitecture: 0xC000_003E, number: 521 | SystemCallABI.x32Bit) == .x32)
        #expect(SystemCallABI(auditArchitecture: 0x4000_0003, number: 26) == .i386)
        #expect(SystemCallABI(auditArchitecture: 0, number: 0) == nil)
    }

    @Test func newestIsTheBaseline() { #expect(SystemCallCatalog.newest.name == "file_setattr") }

    @Test func constantsAndCapabilities() {
        #expect(PolicyNames.constant("CLONE_NEWUSER") == 0x1000_0000)
        #expect(PolicyNames.constant("TIOCSTI") == 0x5412)
        #expect(PolicyNames.constant("AF_VSOCK") == 40)
        #expect(PolicyNames.constant("ADDR_COMPAT_LAYOUT") != nil && PolicyNames.constant("WHOLE_SECONDS") != nil)
        #expect(PolicyNames.constant("clone_newuser") == nil)
        #expect(PolicyNames.capability("CAP_NET_RAW") == 13)
        #expect(PolicyNames.capability("NET_RAW") == 13)
        for wrong in ["cap_net_raw", "net_raw", "CAP_", "", "13", "CAP_NET_RAW ", "CAP_CAP_NET_RAW"] { #expect(PolicyNames.capability(wrong) == nil, "\(wrong)") }
        #expect(PolicyNames.capabilityName(21) == "CAP_SYS_ADMIN")
    }
}
