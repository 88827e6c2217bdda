public import BrigPolicy
internal import CSeccomp

/// Makes a seccomp filter from a policy.
///
/// The program looks a call up by bisection: numbers that follow one another and get the same answer are one interval, whatever ABI, baseline or
/// x32 bit the answer comes from, and a balanced tree of comparisons finds the interval in about six steps. The kernel runs a new
/// filter ahead for every number, so the depth is what installing costs. Where the answer depends on arguments, the interval is one number
/// and leads to the comparisons.
public struct SeccompCompiler {
    /// Where a search by number ends.
    struct Leaf: Equatable {
        /// The answer when no rule holds.
        var word: UInt32
        /// The number whose rules come before it.
        var ruledNumber: Int?
        /// The launcher's key comes before everything.
        var isKeyed = false
        /// Its calls with these values are left to the supervisor before any rule is looked at.
        var asked: AskedCall?
    }

    /// Numbers from `first` up to the next interval's.
    struct Interval {
        let first: UInt32
        let leaf: Leaf
    }

    let verdicts: SeccompVerdicts
    var assembler = BPFAssembler(capacity: 512)
    private var intervals: [Interval] = []
    /// Leaves that took more than an answer, and where they are.
    private var blocks: [(leaf: Leaf, label: BPFAssembler.Label, size: Int)] = []
    var keys: [(low: BPFAssembler.Label, high: BPFAssembler.Label)] = []

    /// - Throws: where the filter would exceed the kernel's size, with the calls that take the most of it.
    public static func compile(_ policy: SystemCallPolicy, _ options: SeccompOptions = SeccompOptions()) throws(SeccompError) -> SeccompFilter {
        try compile(SeccompVerdicts(policy, options))
    }

    /// The same, from verdicts that the supervisor uses too.
    public static func compile(_ verdicts: SeccompVerdicts) throws(SeccompError) -> SeccompFilter {
        var compiler = SeccompCompiler(verdicts)
        try compiler.divide()
        return try compiler.generate()
    }

    private init(_ verdicts: SeccompVerdicts) { self.verdicts = verdicts }

    // MARK: From numbers to intervals

    /// Bits of `marks`.
    private static let launch: UInt8 = 1
    private static let unrecorded: UInt8 = 2

    private mutating func divide() throws(SeccompError) {
        let marks = try self.marks()
        let unknown = SeccompVerdict.unknown.answer(verdicts.notified)
        intervals.reserveCapacity(256)
        for (number, mark) in marks.enumerated() {
            let leaf = number < verdicts.calls.count ? self.leaf(number, mark) : keyed(Leaf(word: unknown), mark)
            append(leaf, from: UInt32(number))
        }
        append(Leaf(word: unknown), from: UInt32(marks.count))
        if verdicts.options.abi == .x86_64 {
            // Half of the numbers have the x32 bit: the second and the last quarter.
            let foreign = Leaf(word: SeccompVerdict.foreign(.x32).answer(verdicts.notified))
            append(foreign, from: SeccompABI.x32Bit)
            append(Leaf(word: unknown), from: 2 * SeccompABI.x32Bit)
            append(foreign, from: 3 * SeccompABI.x32Bit)
        }
        append(Leaf(word: SeccompVerdict.unknown.answer(.nothing)), from: SeccompABI.skippedNumber)
    }

    /// By number: whether it is a launch call or one that is not recorded.
    private func marks() throws(SeccompError) -> [UInt8] {
        let options = verdicts.options
        let highest = max(UInt32(verdicts.calls.count - 1), options.launchCalls.max() ?? 0)
        guard highest <= SeccompVerdicts.maximumNumber else { throw .numberTooHigh(highest) }
        var marks = [UInt8](repeating: 0, count: Int(highest) + 1)
        for number in options.launchCalls { marks[Int(number)] |= Self.launch }
        for number in options.unrecordedCalls where number <= highest { marks[Int(number)] |= Self.unrecorded }
        return marks
    }

    /// Which calls of a number go to the supervisor.
    private func notified(_ mark: UInt8) -> SeccompNotified {
        verdicts.notified == .all && mark & Self.unrecorded != 0 ? .violations : verdicts.notified
    }

    private func leaf(_ number: Int, _ mark: UInt8) -> Leaf {
        let call = verdicts.calls[number]
        let notified = notified(mark)
        var leaf = Leaf(word: SeccompVerdict(call.otherwise).answer(notified))
        // Rules that all get the same answer (a notification, for the supervisor to look at) need no comparison.
        if !call.rules.allSatisfy({ answer($0, notified) == leaf.word }) { leaf.ruledNumber = number }
        if notified == .violations || notified == .refusals, leaf.ruledNumber != nil || leaf.word != SECCOMP_RET_USER_NOTIF {
            leaf.asked = verdicts.options.asked.first { $0.number == number }
        }
        return keyed(leaf, mark)
    }

    /// The answer of the rule at an index of `order`.
    func answer(_ index: Int, _ notified: SeccompNotified) -> UInt32 {
        SeccompVerdict(verdicts.rules[verdicts.order[index]].action).answer(notified)
    }

    /// Asks for the key only where the call is not allowed anyway: the job's own calls pay nothing for it.
    private func keyed(_ leaf: Leaf, _ mark: UInt8) -> Leaf {
        var leaf = leaf
        leaf.isKeyed = mark & Self.launch != 0 && (leaf.ruledNumber != nil || leaf.word != SECCOMP_RET_ALLOW)
        return leaf
    }

    private mutating func append(_ leaf: Leaf, from first: UInt32) {
        if let last = intervals.last, last.leaf == leaf { return }
        intervals.append(Interval(first: first, leaf: leaf))
    }

    // MARK: From intervals to instructions

    /// Offsets into `struct seccomp_data` (linux/seccomp.h), in bytes.
    enum Offset {
        static let number: UInt32 = 0
        static let architecture: UInt32 = 4
        static func argument(_ index: UInt8) -> UInt32 { 16 + 8 * UInt32(index) }
    }

    private mutating func generate() throws(SeccompError) -> SeccompFilter {
        let tree = self.tree(0..<intervals.count)
        let native = assembler.load(Offset.number, then: tree)
        let foreign = assembler.answer(SeccompVerdict.foreign(.other(0)).answer(verdicts.notified))
        let choice = assembler.branch(.equal, verdicts.options.abi.auditArchitecture, then: native, otherwise: foreign)
        _ = assembler.load(Offset.architecture, then: choice)

        guard assembler.count <= SeccompFilter.maximumCount else { throw .tooLarge(instructions: assembler.count, largest: largest()) }
        let sites = keys.map { SeccompFilter.KeySite(low: assembler.position(of: $0.low), high: assembler.position(of: $0.high)) }
        let program = assembler.program()
        let notifies = program.contains { $0.code == BPFCode.answer && $0.k == SECCOMP_RET_USER_NOTIF }
        return SeccompFilter(instructions: program, keySites: sites, needsListener: notifies)
    }

    private func largest() -> [SeccompError.Contributor] {
        let ruled = blocks.filter { $0.leaf.ruledNumber != nil }.sorted { $0.size > $1.size }.prefix(3)
        return ruled.map { .init(call: callName(UInt32($0.leaf.ruledNumber ?? 0), verdicts.options.abi), instructions: $0.size) }
    }

    private mutating func tree(_ part: Range<Int>) -> BPFAssembler.Label {
        if part.count == 1 { return label(intervals[part.lowerBound].leaf) }
        let middle = part.lowerBound + part.count / 2
        let above = tree(middle..<part.upperBound)
        let below = tree(part.lowerBound..<middle)
        return assembler.branch(.greaterOrEqual, intervals[middle].first, then: above, otherwise: below)
    }

    private mutating func label(_ leaf: Leaf) -> BPFAssembler.Label {
        if leaf.ruledNumber == nil, !leaf.isKeyed, leaf.asked == nil { return assembler.answer(leaf.word) }
        if let block = blocks.first(where: { isSame($0.leaf, leaf) }) { return block.label }
        let before = assembler.count
        var label = assembler.answer(leaf.word)
        if let number = leaf.ruledNumber { label = rules(of: number, before: label, leaf.word) }
        if let asked = leaf.asked { label = ask(asked, else: label) }
        if leaf.isKeyed { label = launchKey(before: label) }
        blocks.append((leaf, label, assembler.count - before))
        return label
    }
}
