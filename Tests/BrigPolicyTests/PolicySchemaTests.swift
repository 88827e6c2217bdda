import BrigJSON
import BrigPolicy
import Glibc
import TestSupport
import Testing

/// The schema that the command prints says the same as the decoder.
@Suite struct PolicySchemaTests {
    private func schema() throws -> JSONValue { try JSONDocument(PolicyLoader.schemaText, bounds: .init(size: 1 << 20, depth: 32)).value }

    /// Every object of the schema by its pointer in a policy, with the names of its members.
    private func objects(_ schema: JSONValue, _ pointer: String = "") -> [(String, Set<String>)] {
        var found: [(String, Set<String>)] = []
        for alternative in schema["oneOf"]?.array ?? [] { found += objects(alternative, pointer) }
        if let items = schema["items"] { found += objects(items, pointer + "/*") }
        if let properties = schema["properties"]?.members {
            found.append((pointer, Set(properties.map(\.name))))
            for property in properties { found += objects(property.value, pointer + "/" + property.name) }
        }
        return found
    }

    @Test func fieldsAreThoseOfTheDecoder() throws {
        let ofSchema = Dictionary(uniqueKeysWithValues: objects(try schema()))
        let ofDecoder = Dictionary(uniqueKeysWithValues: PolicyFields.all.map { ($0.pointer, Set($0.names)) })
        #expect(Set(ofSchema.keys) == Set(ofDecoder.keys))
        for (pointer, names) in ofDecoder { #expect(ofSchema[pointer] == names, "\(pointer)") }
    }

    @Test func noObjectIsOpen() throws {
        func openObjects(_ schema: JSONValue, _ pointer: String = "") -> [String] {
            let children =
                (schema.members ?? []).flatMap { openObjects($0.value, "\(pointer)/\($0.name)") }
                + (schema.array ?? []).enumerated().flatMap { openObjects($1, "\(pointer)/\($0)") }
            return children + (schema["properties"]?.members != nil && schema["additionalProperties"] != false && schema["type"] == "object" ? [pointer] : [])
        }
        #expect(openObjects(try schema()) == [])
    }

    /// python3-jsonschema is an independent reader of the schema: it must accept what the decoder accepts.
    @Test func shippedPoliciesAreValid() throws {
        var texts = PolicyLoader.builtInNames.compactMap { PolicyLoader.builtInText($0) }
        texts.append(PolicyFaults.complete.encoded(pretty: false))
        for name in PolicyLoader.builtInNames { texts.append(PolicyExplainer.json(try PolicyLoader.resolve(name)).encoded(pretty: false)) }
        #expect(try validate(texts) == [UInt8](repeating: UInt8(ascii: "1"), count: texts.count))
    }

    /// Faults that a schema can express are refused by it, too. It cannot know names of calls, contradictions and texts that are no JSON.
    @Test func wrongTypesAndNamesAreInvalid() throws {
        let faults = PolicyFaults.all.filter { $0.description.contains(" is null") || $0.description.contains("unknown field") || $0.description.contains("misspelt field") }
        try #require(faults.count > 100)
        let verdicts = try validate(faults.map(\.text))
        for (fault, verdict) in zip(faults, verdicts) { #expect(verdict == UInt8(ascii: "0"), "the schema accepts: \(fault)") }
    }

    /// One digit a text: 1 where it is valid.
    private func validate(_ texts: [[UInt8]]) throws -> [UInt8] {
        let program = """
            import json, sys
            from jsonschema import Draft202012Validator
            schema, *documents = json.load(open(sys.argv[1]))
            Draft202012Validator.check_schema(schema)
            validator = Draft202012Validator(schema)
            print(''.join('1' if validator.is_valid(json.loads(d)) else '0' for d in documents), end='')
            """
        let input = JSONValue.array([try schema()] + texts.map { .string(String(decoding: $0, as: UTF8.self)) }).encoded(pretty: false)
        return try withFile(input, name: "input.json") { path in try output(of: ["python3", "-c", program, path]) }
    }

    private func output(of command: [String]) throws -> [UInt8] {
        let quoted = command.map { "'" + $0.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'" }.joined(separator: " ")
        guard let stream = unsafe popen(quoted, "r") else {
            Issue.record("no shell")
            return []
        }
        var bytes: [UInt8] = []
        while case let byte = unsafe getc(stream), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        try #require(unsafe pclose(stream) == 0, "python3 with the package jsonschema is needed")
        return bytes
    }
}
