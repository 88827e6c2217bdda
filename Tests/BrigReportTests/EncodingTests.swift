import BrigJSON
import BrigReport
import Testing

@Suite struct EncodingTests {
    @Test func `an unknown figure is null and is explained, never zero`() {
        let json = Samples.empty.json()
        #expect(json["resources"]?["memory"]?["peakBytes"] == .null)
        #expect(json["unavailable"]?["/resources/memory/peakBytes"]?.string == "the job did not start")
        #expect(Samples.empty.unexplainedNulls().isEmpty)
    }

    @Test func `a null without a reason is found`() {
        var report = Samples.full
        #expect(report.unexplainedNulls().isEmpty)
        report.resources.memory.peakBytes = nil
        report.resources.timeline[0].pids = nil
        #expect(report.unexplainedNulls() == ["/resources/memory/peakBytes", "/resources/timeline"])
        report.explainNulls(under: "/resources/memory", because: "no memory controller")
        #expect(report.unexplainedNulls() == ["/resources/timeline"])
        #expect(report.unavailable == ["/resources/memory/peakBytes": "no memory controller"])
    }

    @Test func `every number of the report is in the list of figures`() {
        let report = JobReport(
            brig: Samples.full.brig, job: Samples.full.job, policy: Samples.full.policy, image: .init(reference: "host"), host: Samples.empty.host, result: Samples.full.result)
        // Nulls that are no figures: names, and what only another kind of end has.
        let others: Set = [
            "/brig/commit", "/policy/name", "/image/digest", "/result/signal", "/result/exitCode", "/syscalls/engine", "/enforcement", "/process", "/output/stdout", "/output/stderr",
            "/syscalls/files", "/syscalls/executed", "/syscalls/addresses",
        ]
        let nulls = pointers(of: report.json()).filter { $0.value == .null && !others.contains($0.pointer) && !$0.pointer.hasSuffix("/source") }
        #expect(Set(nulls.map(\.pointer)) == Set(report.unexplainedNulls()))
    }

    @Test func `numbers beyond a signed 64-bit integer are clamped instead of trapping`() {
        #expect(Samples.full.json()["resources"]?["memory"]?["limitBytes"] == .integer(.max))
        #expect(Samples.full.json()["violations"]?.array?[0]["arguments"] == ["0x10", "0xffffffffffffffff"])
    }

    @Test func `capability masks and id maps are written as the kernel writes them`() {
        let enforcement = Samples.full.json()["enforcement"]
        #expect(enforcement?["capabilities"]?["bounding"] == "0000000000000020")
        #expect(enforcement?["idMap"] == [[0, 1_879_048_192, 65536]])
    }

    @Test func `captured bytes that are no text come as base64`() {
        let output = Samples.full.json()["output"]
        #expect(output?["stdout"] == ["head": "hello ", "tail": "wörld", "droppedBytes": 3, "encoding": "utf-8"])
        #expect(output?["stderr"] == ["head": "/wABAg==", "tail": "", "droppedBytes": 0, "encoding": "base64"])
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")])
    func `base64 is that of RFC 4648`(text: String, expected: String) {
        var report = Samples.full
        report.output.stdout = .init(head: Array(text.utf8), tail: [0], droppedBytes: 0)
        #expect(report.json()["output"]?["stdout"]?["head"]?.string == expected)
    }

    @Test func `what the job chose cannot end a string or a line`() throws {
        var report = Samples.full
        let hostile = "\"}\n\u{0}\u{1B}[2J\\\u{2028}\u{7F}"
        report.job.command = [hostile]
        report.violations[0].process?.command = hostile
        report.job.labels = [hostile: hostile]
        for pretty in [false, true] {
            let bytes = report.encoded(pretty: pretty)
            let allowed: Set<UInt8> = pretty ? [0x0A] : []
            #expect(bytes.dropLast().allSatisfy { $0 >= 0x20 || allowed.contains($0) })
            #expect(bytes.last == 0x0A)
        }
    }

    @Test func `equal reports are equal bytes`() {
        var report = Samples.full
        report.job.labels = Dictionary(uniqueKeysWithValues: (0..<100).map { ("label\($0)", "\($0)") })
        var copy = Samples.full
        copy.job.labels = Dictionary(uniqueKeysWithValues: (0..<100).reversed().map { ("label\($0)", "\($0)") })
        #expect(report.encoded() == copy.encoded())
    }
}

/// Every value below objects (not below lists), with its JSON pointer.
func pointers(of value: JSONValue, at pointer: String = "") -> [(pointer: String, value: JSONValue)] {
    guard let members = value.members, !members.isEmpty else { return [(pointer, value)] }
    return members.flatMap { pointers(of: $0.value, at: "\(pointer)/\($0.name)") }
}
