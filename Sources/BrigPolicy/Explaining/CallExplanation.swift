internal import BrigJSON

extension PolicyExplainer {
    /// Which entries of a policy decide about one call, and why: what `brig policy explain POLICY CALL` prints.
    ///
    /// - Throws: where there is no call of that name, and where its rules are too many to compare.
    public static func call(_ name: String, _ resolved: PolicyLoader.Resolved) throws -> [String] {
        guard case .number(let number) = SystemCallCatalog.meaning(of: name) else {
            let suggestion = Suggestion.text(for: name, among: SystemCallCatalog.entries.map(\.name))
            let message = SystemCallCatalog.meaning(of: name) == .elsewhere ? "a system call of other machines; on this one no number stands for it" : "no such system call\(suggestion)"
            throw PolicyError([Diagnostic(place: .wholeFile(name), pointer: "", message: message)])
        }
        let policy = resolved.policy.systemCalls
        var lines = ["\(name) is call \(number) of \(SystemCallABI.native.rawValue), under policy \(resolved.policy.name ?? resolved.policy.origin.path)"]
        if number > policy.baseline {
            return lines + ["  It is answered ENOSYS: it is newer than the baseline \(SystemCallCatalog.name(of: policy.baseline) ?? String(policy.baseline)).", foreign]
        }
        lines += guardLines(name, resolved.policy)
        let decisions: Decisions
        do throws(Region.TooLarge) { decisions = try Decisions(resolved.statements().byNumber[number] ?? []) } catch { throw MeaningError(call: name) }
        lines += deciding(decisions, resolved)
        let silent = decisions.decisions.filter(\.decides.isEmpty)
        if !silent.isEmpty {
            lines.append("  Without effect, since what is above comes first:")
            for decision in silent { lines.append("    \(sentence(decision.statement, resolved))") }
        }
        return lines + [foreign]
    }

    private static let foreign = "  Through another ABI (x32, i386) it is never allowed."

    private static func deciding(_ decisions: Decisions, _ resolved: PolicyLoader.Resolved) -> [String] {
        let deciding = decisions.decisions.filter { !$0.decides.isEmpty }
        var lines: [String] = []
        var told: Set<String> = []
        for (index, decision) in deciding.enumerated() where told.insert(decision.statement.pointer).inserted {
            let isLast = index == deciding.count - 1 && decisions.otherwise.isEmpty
            let when = decision.statement.rule.conditions.isEmpty ? (lines.isEmpty && isLast ? "It" : "Otherwise it") : "With \(conditions(decision.statement, resolved)) it"
            lines.append("  \(when) \(action(decision.statement.rule.action)): \(sentence(decision.statement, resolved))")
        }
        if !decisions.otherwise.isEmpty {
            let when = lines.isEmpty ? "It" : "Otherwise it"
            lines.append("  \(when) \(action(resolved.policy.systemCalls.defaultAction)): no entry names it\(lines.isEmpty ? "" : " for these arguments"), and that is the default.")
        }
        return lines
    }

    /// The entry, where it stands, and its reason.
    static func sentence(_ statement: Statement, _ resolved: PolicyLoader.Resolved) -> String {
        if statement.pointer == Statement.unfilterable { return "brig itself, since its requests lie in memory that no filter can read and programs fall back from it." }
        let place = resolved.place(of: statement.pointer)
        let written = resolved.document.value(at: statement.pointer)?.string.map { " \"\($0)\"" } ?? ""
        return "\(place.description.trimmed)\(written)\(entry(statement.pointer, resolved.document).flatMap { $0["reason"]?.string ?? $0["comment"]?.string }.map { $0.isEmpty ? "" : ": \($0)" } ?? "")."
    }

    /// The entry that holds a name: `/syscalls/rules/3` of `/syscalls/rules/3/names/0`.
    static func entry(_ pointer: String, _ document: JSONValue) -> JSONValue? {
        let parts = pointer.split(separator: "/")
        guard parts.count > 2, parts[parts.count - 2] == "names" else { return nil }
        return document.value(at: parts.dropLast(2).reduce(into: "") { $0 += "/\($1)" })
    }

    static func conditions(_ statement: Statement, _ resolved: PolicyLoader.Resolved) -> String {
        let entry = entry(statement.pointer, resolved.document)
        // A profile's comparisons in the policy's words.
        if statement.pointer.hasPrefix(PolicyDecoder.profilePointer) { return statement.rule.conditions.map(condition).joined(separator: " and ") }
        return (entry?["args"]?.array ?? []).map(condition).joined(separator: " and ")
    }

    /// `argument 0 = 0x10`
    static func condition(_ condition: SystemCallPolicy.Condition) -> String {
        let value = "0x" + String(condition.value, radix: 16)
        let argument = "argument \(condition.index)"
        return switch condition.comparison {
        case .equal: "\(argument) = \(value)"
        case .notEqual: "\(argument) other than \(value)"
        case .less: "\(argument) < \(value)"
        case .lessOrEqual: "\(argument) <= \(value)"
        case .greater: "\(argument) > \(value)"
        case .greaterOrEqual: "\(argument) >= \(value)"
        case .maskedEqual: "\(argument) & 0x\(String(condition.mask, radix: 16)) = \(value)"
        }
    }

    /// The launcher adds rules of its own, which win over what allows: they keep the job off its init, from ends that never come, and where a file of its own can
    /// reach the host, off that file's bits.
    private static func guardLines(_ name: String, _ policy: Policy) -> [String] {
        initLines(name, policy) + exitStopLines(name, policy) + setIDLines(name, policy)
    }

    private static func initLines(_ name: String, _ policy: Policy) -> [String] {
        guard policy.process.hasInit else { return [] }
        switch name {
        case "prlimit64", "sched_setparam", "sched_setscheduler", "sched_setaffinity", "sched_setattr":
            return ["  For process 1 it is answered EPERM, unless it ends the job below: the job's init is out of its reach."]
        case "setpriority", "ioprio_set":
            return ["  For process 1, for its group, and for all processes of a user it is answered EPERM, unless it ends the job below: the job's init is out of its reach."]
        default: return []
        }
    }

    private static func exitStopLines(_ name: String, _ policy: Policy) -> [String] {
        guard name == "ptrace" else { return [] }
        let who = policy.systemCalls.record == .none ? "all, as no calls are recorded" : "all but one process at a time"
        return ["  With PTRACE_O_TRACEEXIT it is answered EPERM to \(who): two that trace each other so would never end."]
    }

    private static func setIDLines(_ name: String, _ policy: Policy) -> [String] {
        let isWritable = policy.mounts.contains { mount in if case .bind = mount.kind { !mount.isReadOnly } else { false } }
        guard isWritable else { return [] }
        if ["openat2", "io_uring_setup"].contains(name) { return ["  It is answered ENOSYS: with a writable bind, since its mode lies in memory that no filter can read."] }
        if ["setxattr", "lsetxattr", "fsetxattr", "setxattrat"].contains(name) {
            let capability = PolicyNames.capability("CAP_SETFCAP").map { policy.capabilities.retained & 1 << $0 != 0 } ?? false
            return ["  \(capability ? "It" : "Where the job may make a user namespace it") is answered EPERM: a bind is writable, and it could give a file capabilities."]
        }
        let calls = ["open", "openat", "creat", "chmod", "fchmod", "fchmodat", "fchmodat2", "mknod", "mknodat"]
        return calls.contains(name) ? ["  With a set-user-id or set-group-id bit in the mode it is answered EPERM, unless it ends the job below: a bind is writable."] : []
    }
}

extension String {
    fileprivate var trimmed: String { hasSuffix(": ") ? String(dropLast(2)) : self }
}
