/// Writes a classic BPF program from its end to its start, so that every target of a jump is known when the jump is written.
///
/// The limits of the instruction set are kept here and nowhere else: a conditional jump reaches 255 instructions; a target further away gets a
/// `ja` of its own, or a copy where the target is an answer.
struct BPFAssembler {
    /// Counts from the end of the program: the place of an instruction does not change when more is written in front of it.
    typealias Label = Int

    /// The furthest that a conditional jump can skip.
    private static let reach = 255
    /// How far an answer may be to be used again: near enough that the next jumps still reach it.
    private static let answerReach = 200

    /// The last instruction first.
    private(set) var reversed: [BPFInstruction] = []
    /// The nearest place of each answer. There are few different ones (an allow, a notification, a handful of error numbers).
    private var answers: [(word: UInt32, label: Label)] = []

    init(capacity: Int) { reversed.reserveCapacity(capacity) }

    var count: Int { reversed.count }

    /// The program in the order in which it runs.
    consuming func program() -> [BPFInstruction] {
        reversed.reverse()
        return reversed
    }

    /// Where an instruction ends up in `program()`.
    func position(of label: Label) -> Int { reversed.count - 1 - label }

    /// Ends the program with an answer to the kernel.
    mutating func answer(_ word: UInt32) -> Label {
        for i in answers.indices where answers[i].word == word {
            if distance(to: answers[i].label) > Self.answerReach { answers[i].label = emit(BPFInstruction(BPFCode.answer, k: word)) }
            return answers[i].label
        }
        let label = emit(BPFInstruction(BPFCode.answer, k: word))
        answers.append((word, label))
        return label
    }

    /// Loads the 32-bit word at `offset` of `struct seccomp_data` and goes on at `next`.
    mutating func load(_ offset: UInt32, then next: Label) -> Label { straight(BPFInstruction(BPFCode.load, k: offset), next) }

    /// Keeps only the bits of `mask` and goes on at `next`.
    mutating func and(_ mask: UInt32, then next: Label) -> Label { straight(BPFInstruction(BPFCode.and, k: mask), next) }

    /// Compares the accumulator with `k`. Writes nothing where both ways lead to the same place.
    mutating func branch(_ comparison: BPFComparison, _ k: UInt32, then yes: Label, otherwise no: Label) -> Label {
        if yes == no { return yes }
        // One less than the reach: the other way's own bridge may still come in between.
        let yes = distance(to: yes) >= Self.reach ? bridge(to: yes) : yes
        let no = distance(to: no) > Self.reach ? bridge(to: no) : no
        return emit(
            BPFInstruction(comparison.rawValue, k: k, jumpTrue: UInt8(distance(to: yes)), jumpFalse: UInt8(distance(to: no))))
    }

    /// How many instructions a jump that is written next would skip.
    private func distance(to label: Label) -> Int { reversed.count - 1 - label }

    private mutating func emit(_ instruction: BPFInstruction) -> Label {
        reversed.append(instruction)
        return reversed.count - 1
    }

    private mutating func straight(_ instruction: BPFInstruction, _ next: Label) -> Label {
        if distance(to: next) != 0 { _ = bridge(to: next) }
        return emit(instruction)
    }

    /// An instruction that leads to a target however far away.
    private mutating func bridge(to label: Label) -> Label {
        let target = reversed[label]
        if target.code == BPFCode.answer { return emit(target) }
        return emit(BPFInstruction(BPFCode.jump, k: UInt32(distance(to: label))))
    }
}
