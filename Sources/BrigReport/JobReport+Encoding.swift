public import BrigJSON

extension JobReport {
    /// The report as UTF-8 JSON, compact or with one member a line, ended by a newline.
    public func encoded(pretty: Bool = false) -> [UInt8] { json().encoded(pretty: pretty) + [0x0A] }

    /// The report as a JSON value: every field is present in the schema's order, a figure that is not known is null.
    ///
    /// Sources: `Policies/report.schema.json` says for every figure where it is read.
    public func json() -> JSONValue {
        .fields(
            ("reportVersion", .count(Self.version)),
            ("brig", .fields(("version", .string(brig.version)), ("commit", .text(brig.commit)))),
            ("job", job.json),
            ("policy", policy?.json ?? .null),
            ("image", image?.json ?? .null),
            ("process", process?.json ?? .null),
            ("host", .fields(("kernel", .string(host.kernel)), ("architecture", .string(host.architecture)), ("cgroupVersion", .count(host.cgroupVersion)))),
            ("result", result.json),
            ("time", time.json),
            ("resources", resources.json),
            ("output", output.json),
            ("violations", .array(violations.map(\.json))),
            ("syscalls", systemCalls.json),
            ("enforcement", enforcement?.json ?? .null),
            ("degraded", .array(degraded.map { .fields(("protection", .string($0.protection)), ("reason", .string($0.reason))) })),
            ("unavailable", .texts(unavailable)))
    }
}

extension JobReport.Job {
    var json: JSONValue {
        .fields(("id", .string(id)), ("command", .texts(command)), ("startedAt", .string(startedAt)), ("labels", .texts(labels)))
    }
}

extension JobReport.PolicyIdentity {
    var json: JSONValue {
        .fields(
            ("name", .text(name)), ("path", .string(path)), ("builtIn", .bool(isBuiltIn)), ("sha256", .string(sha256)), ("resolvedSha256", .string(resolvedSHA256)),
            ("overrides", .array(overrides.map { .fields(("pointer", .string($0.pointer)), ("flag", .string($0.flag))) })))
    }
}

extension JobReport.Image {
    var json: JSONValue { .fields(("reference", .string(reference)), ("digest", .text(digest)), ("layers", .count(layers))) }
}

extension JobReport.ProcessSettings {
    var json: JSONValue {
        .fields(
            ("arguments", .texts(arguments)), ("argumentsSource", .string(argumentsSource)), ("workingDirectory", .string(workingDirectory)),
            ("workingDirectorySource", .string(workingDirectorySource)), ("user", .count(Int(user))), ("userSource", .string(userSource)), ("group", .count(Int(group))),
            ("groupSource", .string(groupSource)), ("environment", .texts(environment)))
    }
}

extension JobReport.JobResult {
    var json: JSONValue {
        .fields(
            ("reason", .string(reason.rawValue)), ("exitCode", .count(exitCode)), ("signal", .text(signal)), ("coreDumped", .bool(isCoreDumped)), ("message", .string(message)),
            ("evidence", .sorted(evidence) { $0.json }))
    }
}

extension JobReport.EvidenceValue {
    var json: JSONValue {
        switch self {
        case .text(let text): .string(text)
        case .integer(let number): .integer(number)
        case .flag(let flag): .bool(flag)
        }
    }
}

extension JobReport.Output {
    var json: JSONValue {
        .fields(
            ("stdoutBytes", .figure(stdoutBytes)), ("stderrBytes", .figure(stderrBytes)), ("droppedBytes", .figure(droppedBytes)), ("stdout", stdout?.json ?? .null),
            ("stderr", stderr?.json ?? .null))
    }
}

extension JobReport.Captured {
    /// Both parts have one encoding: text where all of it is UTF-8 without U+0000, else base64.
    var json: JSONValue {
        let texts = [head, tail].compactMap { $0.contains(0) ? nil : String(validating: $0, as: UTF8.self) }
        let isText = texts.count == 2
        return .fields(
            ("head", .string(isText ? texts[0] : base64(head))), ("tail", .string(isText ? texts[1] : base64(tail))), ("droppedBytes", .figure(droppedBytes)),
            ("encoding", .string(isText ? "utf-8" : "base64")))
    }
}

extension JobReport.Violation {
    var json: JSONValue {
        .fields(
            ("kind", .string(kind.rawValue)), ("name", .string(name)), ("number", number.map { .integer(Int64($0)) } ?? .null), ("abi", .text(abi)),
            ("arguments", .array(arguments.map { .string("0x" + String($0, radix: 16)) })), ("action", .string(action)),
            ("process", process.map { .fields(("pid", .count($0.pid)), ("command", .text($0.command))) } ?? .null), ("firstAtMillis", .figure(firstAtMillis)),
            ("count", .figure(count)),
            ("saturated", .bool(isSaturated)), ("details", .texts(details)))
    }
}
