internal import BrigPlan
internal import BrigReport
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// What AppArmor denies the processes of one job, from the kernel's audit records.
///
/// It begins before the job does, so that no record is missed. What it cannot tell, or may have missed, it says in ``gap``.
final class AccessWatch {
    /// Why nothing can be heard; nil where the records come.
    let obstacle: String?
    private let stream: AuditStream?
    private let profile: String
    private var denied = DistinctViolations<Access>(.apparmor)
    private var members: JobMembers?
    private var lostBefore: UInt32?
    private var losses = Losses()

    /// What makes a denial a distinct one.
    private struct Access: Hashable {
        let profile: String
        let action: String
        let details: [String: String]
    }

    private struct Losses {
        /// How often brig was too slow.
        var dropped = 0
        var unreadable = 0
        /// By processes that had ended when their record came.
        var unattributed = 0
        /// Of the kernel's, as AUDIT_GET counts them.
        var lost: UInt32 = 0
        /// Others of this machine kept the kernel's queue full.
        var isCutShort = false
        /// Why that count is not known.
        var uncounted: String?
    }

    /// - Parameter profile: the profile that the job enters
    init(profile: String) {
        self.profile = profile
        var obstacle = Self.silence
        var stream: AuditStream?
        if obstacle == nil {
            do throws(SystemError) { stream = try AuditStream() } catch { obstacle = Self.explain(error) }
        }
        if stream != nil {
            do throws(SystemError) {
                lostBefore = try AuditStream.state().lost
                // The records go to the first network namespace only (kauditd_send_multicast_skb, kernel/audit.c).
                if try readLink("/proc/self/ns/net") != readLink("/proc/1/ns/net") {
                    obstacle = "brig is in a network namespace of its own, where the kernel sends no audit records"
                    stream = nil
                }
            } catch {
                losses.uncounted = "\(error)"
            }
        }
        self.obstacle = obstacle
        self.stream = stream
    }

    /// The descriptor that is ready when a record has come.
    var descriptor: Int32? { stream?.socket.number }

    /// The job is known now, and records are its or not.
    func begin(_ members: JobMembers) { self.members = members }

    /// Takes the records that have come, some hundreds at most so that other events get their turn.
    ///
    /// - Returns: for a person, the first denial that was the job's.
    /// - Throws: where they cannot be read.
    func take(atMillis: UInt64) throws(LaunchError) -> String? {
        var first: String?
        for _ in 0..<256 {
            guard let record = try next() else { break }
            if count(record, atMillis: atMillis), first == nil { first = record.summary }
        }
        return first
    }

    /// Takes what is still on its way when nothing of the job is left.
    func finish(atMillis: UInt64) throws(LaunchError) {
        if stream == nil { return }
        // The kernel takes a record off its queue before it sends it: that none waits counts when it is so twice.
        var quiet = 0
        var rounds = 0
        while quiet < 2, let lostBefore {
            do throws(SystemError) {
                let state = try AuditStream.state()
                losses.lost = state.lost &- lostBefore
                quiet = state.waiting == 0 ? quiet + 1 : 0
            } catch {
                losses.uncounted = "\(error)"
                break
            }
            while let record = try next() { _ = count(record, atMillis: atMillis) }
            rounds += 1
            if rounds == Self.patience {
                losses.isCutShort = true
                break
            }
        }
        while let record = try next() { _ = count(record, atMillis: atMillis) }
    }

    /// How often the kernel is asked whether records still wait; each answer comes from a thread that it starts.
    private static let patience = 1000

    /// Each distinct denial of the job's.
    var violations: [JobReport.Violation] { denied.list }

    /// Why the list is empty or may not be complete; nil where it is complete.
    var gap: String? {
        if let obstacle { return "what AppArmor denied is not known: \(obstacle)" }
        var reasons: [String] = []
        if losses.lost > 0 { reasons.append("the kernel lost \(losses.lost) audit records while the job ran") }
        if losses.dropped > 0 { reasons.append("audit records came faster than they were read") }
        if losses.unreadable > 0 { reasons.append("\(losses.unreadable) audit records could not be read") }
        if losses.unattributed > 0 { reasons.append("\(losses.unattributed) denials under the profile \(profile) were of processes that had ended, of this job or of another") }
        if losses.isCutShort { reasons.append("audit records were still waiting in the kernel") }
        if let uncounted = losses.uncounted { reasons.append("whether the kernel lost audit records is not known (\(uncounted))") }
        return reasons.isEmpty ? nil : "what AppArmor denied may not be complete: \(reasons.joined(separator: "; "))"
    }

    // MARK: One record

    /// The next denial that has come, whosever; nil where nothing waits.
    private func next() throws(LaunchError) -> DenialRecord? {
        guard let stream else { return nil }
        while let item = try inStage("apparmor", { () throws(SystemError) in try stream.next() }) {
            switch item {
            case .dropped: losses.dropped += 1
            case .tooLong: losses.unreadable += 1
            case .record(let type, let text):
                if type != BRIG_AUDIT_ACCESS { continue }
                do throws(DenialRecord.Unreadable) {
                    if let record = try DenialRecord(text) { return record }
                } catch {
                    losses.unreadable += 1
                }
            }
        }
        return nil
    }

    /// Whether it was the job's.
    private func count(_ record: DenialRecord, atMillis: UInt64) -> Bool {
        guard let members else { return false }
        switch members.includes(record) {
        case true?: break
        case false?: return false
        case nil:
            if record.profile == profile || record.profile.hasPrefix("\(profile)//") { losses.unattributed += 1 }
            return false
        }
        // AppArmor answers EPERM for capabilities, else EACCES where it names nothing else.
        let action = errnoName(record.error ?? (record.details["operation"] == "capable" ? EPERM : EACCES))
        denied.add(Access(profile: record.profile, action: action, details: record.details)) {
            JobReport.Violation(
                kind: .apparmor, name: record.profile, action: action, process: JobReport.Violation.Process(pid: members.innermostID(of: record), command: record.command),
                firstAtMillis: atMillis, count: 1, details: record.details)
        }
        return true
    }

    // MARK: Obstacles

    private static func explain(_ error: SystemError) -> String {
        switch error.errno {
        case EPERM, EACCES: "this account may not read the kernel's audit records (CAP_AUDIT_READ in the first user namespace)"
        case EPROTONOSUPPORT: "the kernel keeps no audit records (audit=0, or built without)"
        default: "\(error)"
        }
    }

    /// The kernel's setting by which denials are made without a word (`aa_g_audit`, security/apparmor/lsm.c); only root sees it.
    private static var silence: String? {
        do throws(SystemError) {
            let mode = try readText("/sys/module/apparmor/parameters/audit").prefix { $0 != "\n" }
            return mode == "quiet" || mode == "quiet_denied" ? "the kernel is told to be silent about it (apparmor.audit=\(mode))" : nil
        } catch {
            return nil
        }
    }
}
