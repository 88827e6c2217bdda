import BrigJSON
import BrigPolicy
import Glibc
import TestSupport
import Testing

/// Calls `body` with the path of a file with these bytes, and removes it.
func withFile<Result>(_ bytes: [UInt8], name: String = "policy.json", _ body: (String) throws -> Result) throws -> Result {
    var template = Array("/tmp/brig-policy-XXXXXX".utf8CString)
    let made = unsafe mkdtemp(&template)
    try #require(unsafe made != nil)
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let path = "\(directory)/\(name)"
    defer {
        _ = unsafe unlink(path)
        _ = unsafe rmdir(directory)
    }
    let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(file >= 0)
    var written = 0
    while written < bytes.count { written += unsafe bytes.withUnsafeBytes { unsafe write(file, UnsafeRawBufferPointer(rebasing: $0[written...]).baseAddress, $0.count - written) } }
    close(file)
    return try body(path)
}

/// Why a policy is refused; empty where it is accepted.
func diagnostics(of text: [UInt8], overrides: [PolicyOverride] = []) throws -> [Diagnostic] {
    try withFile(text) { path in
        do throws(PolicyError) {
            _ = try PolicyLoader.load(path, overrides: overrides)
            return []
        } catch {
            return error.diagnostics
        }
    }
}

@Suite struct PolicyFaultTests {
    /// The faults below prove something only if there is none without them.
    @Test func completePolicyIsAccepted() throws {
        #expect(try diagnostics(of: PolicyFaults.complete.encoded(pretty: true)).map(\.description) == [])
    }

    @Test func thereAreSeveralHundred() {
        #expect(PolicyFaults.all.count > 300)
        #expect(Set(PolicyFaults.all.map(\.description)).count > 300)
    }

    @Test func eachIsRefusedAndNamed() throws {
        for fault in PolicyFaults.all {
            let found = try diagnostics(of: fault.text)
            #expect(!found.isEmpty, "accepted: \(fault)")
            for diagnostic in found {
                guard case .file(let path, let line, let column) = diagnostic.place else {
                    Issue.record("no place for \(fault): \(diagnostic)")
                    continue
                }
                #expect(path.hasSuffix("policy.json") && line > 0 && column > 0)
                #expect(!diagnostic.message.isEmpty)
            }
            if let pointer = fault.pointer, !found.isEmpty {
                let holder = pointer[..<(pointer.lastIndex(of: "/") ?? pointer.startIndex)]
                let isNamed = found.contains { $0.pointer.hasPrefix(holder) }
                #expect(isNamed, "\(fault): \(found)")
            }
        }
    }
}
