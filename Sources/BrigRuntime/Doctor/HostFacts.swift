internal import BrigSystem
internal import Glibc

/// What there is to know of a host and an account before a job is run there. Read once; ``Doctor`` judges it.
struct HostFacts: Sendable, Equatable {
    /// What came of a thing that was tried.
    enum Trial: Sendable, Equatable {
        case works
        /// The error number.
        case fails(Int32)

        var isWorking: Bool { self == .works }
    }

    struct Account: Sendable, Equatable {
        var user: UInt32 = 0
        var group: UInt32 = 0
        var supplementaryGroups: [UInt32] = []
        /// Whether /etc/subuid and /etc/subgid give the account a range that suffices.
        var hasUserRange = false
        var hasGroupRange = false
        /// newuidmap(1) and newgidmap(1) are installed.
        var hasMapPrograms = false

        var isRoot: Bool { user == 0 }
    }

    struct Cgroups: Sendable, Equatable {
        /// A hierarchy in which this account may make a group, or not.
        struct Place: Sendable, Equatable {
            var version: Int
            var path: String
            /// Why a group cannot be made there; nil where one was made (and removed).
            var obstacle: String?
        }

        /// By version 2 name of the controller: memory, pids, cpu, io. One that is missing has no entry.
        var controllers: [String: Place] = [:]
        var versions: [Int] = []
        /// Whether a group has a ceiling of swap; nil where that is not to be known.
        var limitsSwap: Bool?
    }

    struct AppArmorState: Sendable, Equatable {
        var isEnabled = false
        var ownLabel: String?
        /// Profiles of the shipped policies that are not loaded; nil where this account may not know.
        var missingProfiles: [String]?
        /// Why denials cannot be read; nil where they can.
        var denialObstacle: String?
    }

    /// What came of a job that does nothing, under a shipped policy.
    struct PolicyTrial: Sendable, Equatable {
        var name: String
        /// Why it did not run; nil where it did.
        var obstacle: String?
        /// Protections that it did without, as the policy allows.
        var missing: [String] = []
    }

    /// A directory that brig keeps state in.
    struct Directory: Sendable, Equatable {
        var path = ""
        /// Why it cannot be used; nil where it is there, or can be made.
        var obstacle: String?
        var exists = false
    }

    var release = ""
    var architecture = ""
    var account = Account()
    /// Sysctl values by their name with dots, where they are to be read.
    var settings: [String: String] = [:]
    var openat2 = Trial.works
    var userNamespace = Trial.works
    /// By name of the namespace, in a new user namespace.
    var namespaces: [String: Trial] = [:]
    var filter = Trial.works
    var notification = Trial.works
    var mountTree = Trial.works
    var proc = Trial.works
    var overlay = Trial.works
    /// Tried by root only: another account does not map the ids of mounts.
    var idMappedMounts: Trial?
    var trace = Trial.works
    var cgroups = Cgroups()
    var appArmor = AppArmorState()
    var hasSwap = false
    var stateDirectory = Directory()
    /// Why calls are not counted by eBPF; nil where they are.
    var tracingObstacle: String?
    var policies: [PolicyTrial] = []
    /// Why the executable must not be used as it is installed; nil where it is in order.
    var executableFault: String?
}
