internal import BrigPlan
internal import BrigPolicy
internal import BrigSystem

extension JobIdentity {
    /// The ids that this account can give a job.
    ///
    /// - Parameters:
    ///   - accounts: know the names of the policy's user and group
    ///   - slot: the job's slot, which root's ranges of ids go by
    static func resolve(_ settings: Policy.ProcessSettings, accounts: Accounts, slot: UInt32) throws(LaunchError) -> JobIdentity {
        let user = try number(settings.user, file: "etc/passwd", accounts, what: "user")
        let group = try number(settings.group, file: "etc/group", accounts, what: "group")
        if Host.isRoot { return JobIdentity(user: user, group: group, userMap: .ofSlot(slot), groupMap: .ofSlot(slot), canDropGroups: true) }
        let (ownUser, ownGroup) = (Host.effectiveUser, Host.effectiveGroup)
        if let users = SubordinateIDs.range(file: "/etc/subuid", user: ownUser), let groups = SubordinateIDs.range(file: "/etc/subgid", user: ownUser),
            SubordinateIDs.program("newuidmap") != nil, SubordinateIDs.program("newgidmap") != nil
        {
            return JobIdentity(
                user: user, group: group, userMap: .subordinate(inside: user, outside: ownUser, first: users.first, count: users.count),
                groupMap: .subordinate(inside: group, outside: ownGroup, first: groups.first, count: groups.count), canDropGroups: true)
        }
        let others = try inStage("ids") { () throws(SystemError) in try Host.supplementaryGroups() }.filter { $0 != ownGroup }
        if !others.isEmpty {
            throw LaunchError(
                "ids", "the supplementary groups \(others.map(String.init).joined(separator: ", ")) of this account would stay with the job",
                hint:
                    "install the package uidmap and give the account ranges in /etc/subuid and /etc/subgid (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME), or drop the groups first (setpriv --clear-groups)"
            )
        }
        return JobIdentity(
            user: user, group: group, userMap: .single(inside: user, outside: ownUser), groupMap: .single(inside: group, outside: ownGroup), canDropGroups: false)
    }

    private static func number(_ identity: Policy.Identity, file: String, _ accounts: Accounts, what: String) throws(LaunchError) -> UInt32 {
        switch identity {
        case .number(let number): return number
        case .name(let name):
            do throws(SystemError) {
                return try accounts.number(of: name, file: file)
            } catch  where error.errno == 2 {
                throw LaunchError("ids", "the image's /\(file) knows no \(what) \"\(name)\"", errno: error.errno, hint: "give the number")
            } catch {
                throw LaunchError("ids", error)
            }
        }
    }
}
