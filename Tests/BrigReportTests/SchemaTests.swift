import BrigJSON
import BrigReport
import TestSupport
import Testing

/// The encoder and `Policies/report.schema.json` say the same.
@Suite struct SchemaTests {
    @Test(.requires(.jsonschema)) func `full and empty reports are valid, and damaged ones are not`() throws {
        let missing = remove("teardownNanos", from: Samples.full.json())
        let extra = replace("time", with: ["invented": 1], in: Samples.full.json())
        let negative = replace("time", with: add("wallNanos", -1, to: Samples.full.json()["time"] ?? .null), in: Samples.full.json())
        try Fixture.run { fixture in
            var files: [String] = []
            for (name, report) in [("full", Samples.full.json()), ("empty", Samples.empty.json()), ("missing", missing), ("extra", extra), ("negative", negative)] {
                files.append(try fixture.write("\(name).json", report.encoded()))
            }
            let program = """
                import json, sys, jsonschema
                schema = json.load(open(sys.argv[1]))
                jsonschema.Draft202012Validator.check_schema(schema)
                for path in sys.argv[2:]:
                    errors = sorted(error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(json.load(open(path))))
                    print(path.rsplit("/", 1)[1], "valid" if not errors else "invalid", errors[:1] if path.endswith(("full.json", "empty.json")) else "")
                """
            let outcome = try Command(try #require(Python.withSchemaModule), ["-c", program, SchemaTests.path] + files).run()
            #expect(outcome.succeeded, "\(outcome.errorText)")
            let verdicts = outcome.lines.map { $0.split(separator: " ", maxSplits: 2).map(String.init) }
            #expect(verdicts.map { $0[1] } == ["valid", "valid", "invalid", "invalid", "invalid"], "\(outcome.text)")
        }
    }

    @Test func `both name the same fields in the same order`() throws {
        let schema = try SchemaTests.schema()
        try compare(schema, Samples.full.json(), at: "", root: schema)
    }

    @Test func `every field of the schema has a description, and every number a source`() throws {
        let schema = try SchemaTests.schema()
        // What brig itself decides or counts by being asked.
        let ownNumbers: Set = [
            "/policy", "/image/layers", "/enforcement/seccomp/instructions", "/violations/count", "/resources/timeline/atMillis", "/resources/timeline/memoryBytes",
            "/resources/timeline/cpuMillis", "/resources/timeline/pids", "/violations/firstAtMillis", "/output/stdout/droppedBytes", "/output/stderr/droppedBytes",
            "/violations/process/pid",
        ]
        try describe(schema, at: "", root: schema) { pointer, node in
            let text = try #require(node["description"]?.string, "\(pointer) has no description")
            #expect(text.utf8.count >= 5, "\(pointer)")
            if types(of: node).contains("integer"), !ownNumbers.contains(pointer) { #expect(text.contains("Source: "), "\(pointer)") }
        }
    }

    @Test func `the reference page has every field of the schema`() throws {
        let page = try readText("\(Executables.repository)/Sources/Brig/Documentation.docc/report.md")
        let schema = try SchemaTests.schema()
        try describe(schema, at: "", root: schema) { pointer, _ in
            let name = try #require(pointer.split(separator: "/").last)
            #expect(page.contains("\(name)`"), "\(pointer)")
        }
    }

    private static let path = "\(Executables.repository)/Policies/report.schema.json"

    private static func schema() throws -> JSONValue { try JSONDocument(try readFile(path), bounds: .init(size: 1 << 20, depth: 32)).value }

    /// Objects of the report against closed objects of the schema, both ways.
    private func compare(_ schema: JSONValue, _ value: JSONValue, at pointer: String, root: JSONValue) throws {
        let node = resolve(schema, root)
        if let properties = node["properties"]?.members {
            let members = try #require(value.members, "\(pointer) is null in the full sample")
            #expect(properties.map(\.name) == members.map(\.name), "\(pointer)")
            #expect(node["required"]?.array?.compactMap(\.string) == members.map(\.name), "\(pointer)")
            #expect(node["additionalProperties"] == .bool(false), "\(pointer)")
            for member in members { try compare(try #require(node["properties"]?[member.name]), member.value, at: "\(pointer)/\(member.name)", root: root) }
        } else if let items = node["items"], let elements = value.array {
            // The first one is the full one.
            if let element = elements.first { try compare(items, element, at: "\(pointer)/0", root: root) }
        } else if let values = node["additionalProperties"], values.members != nil {
            for member in value.members ?? [] { try compare(values, member.value, at: "\(pointer)/*", root: root) }
        }
    }

    private func describe(_ schema: JSONValue, at pointer: String, root: JSONValue, _ body: (String, JSONValue) throws -> Void) throws {
        let node = resolve(schema, root)
        for member in node["properties"]?.members ?? [] {
            try body("\(pointer)/\(member.name)", member.value)
            try describe(member.value, at: "\(pointer)/\(member.name)", root: root, body)
        }
        if let items = node["items"] { try describe(items, at: pointer, root: root, body) }
        if let values = node["additionalProperties"], values.members != nil { try describe(values, at: pointer, root: root, body) }
    }

    /// Follows a reference, and of a choice with null takes the other side.
    private func resolve(_ node: JSONValue, _ root: JSONValue) -> JSONValue {
        if let other = node["anyOf"]?.array?.last { return resolve(other, root) }
        guard let reference = node["$ref"]?.string else { return node }
        return reference.split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? .null }
    }

    private func types(of node: JSONValue) -> [String] { node["type"]?.array?.compactMap(\.string) ?? [node["type"]?.string ?? ""] }

    private func remove(_ name: String, from value: JSONValue) -> JSONValue {
        guard let members = value.members else { return value }
        return .object(members.filter { $0.name != name }.map { JSONValue.Member($0.name, remove(name, from: $0.value)) })
    }

    private func replace(_ name: String, with other: JSONValue, in value: JSONValue) -> JSONValue {
        .object((value.members ?? []).map { $0.name == name ? JSONValue.Member(name, other) : $0 })
    }

    private func add(_ name: String, _ other: JSONValue, to value: JSONValue) -> JSONValue {
        .object((value.members ?? []).filter { $0.name != name } + [JSONValue.Member(name, other)])
    }
}
