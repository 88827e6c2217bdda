import BrigJSON
import BrigPolicy
import Testing

@testable import BrigPlan

/// What of the machine's own root a job gets to see.
struct RootPlanTests {
    private func plan(_ entries: [RootSource.HostEntry], sockets: [String] = []) throws -> RootPlan {
        RootPlan(try PolicyLoader.load("default"), source: .host(entries: entries, sockets: sockets)) { _ in [] }
    }

    private func masks(_ plan: RootPlan) -> [String] { plan.steps.filter { $0.action == .mask }.map(\.target) }

    @Test func homesBehindALinkAreHidden() throws {
        let plan = try plan([.init(name: "home", kind: .symbolicLink("var/home")), .init(name: "root", kind: .symbolicLink("/var/roothome")), .init(name: "var", kind: .directory)])
        #expect(masks(plan).contains("var/home"))
        #expect(masks(plan).contains("var/roothome"))
        #expect(!plan.steps.contains { $0.action == .symbolicLink("var/home") })
    }

    @Test func privateDirectoriesAreNeverBound() throws {
        let plan = try plan(["home", "root", "run", "proc", "sys", "dev", "tmp", "usr"].map { .init(name: $0, kind: .directory) })
        #expect(plan.steps.compactMap { if case .bind(.host(let path)) = $0.action { path } else { nil } }.filter { !$0.hasPrefix("/dev/") } == ["/usr"])
    }

    @Test func socketsThatProgramsListenOnAreMasked() throws {
        let plan = try plan([.init(name: "opt", kind: .directory)], sockets: ["/opt/service/socket", "/run/hidden/anyway"])
        #expect(masks(plan).contains("opt/service/socket"))
        #expect(!masks(plan).contains("run/hidden/anyway"))
    }

    /// /run is empty for jobs; name servers of the machine are needed in its network only.
    @Test(arguments: [("none", "/run/systemd/resolve/stub-resolv.conf", false), ("host", "/run/systemd/resolve/stub-resolv.conf", true), ("host", "/etc/resolv.conf", false)])
    func nameServersAreThoseOfTheNetwork(_ network: String, _ resolver: String, _ isShown: Bool) throws {
        let policy = try PolicyLoader.load(
            "default", overrides: [PolicyOverride("/namespaces/network", .string(network), flag: "--network"), PolicyOverride("/namespaces/acceptRisk", true, flag: "--network")])
        let plan = RootPlan(policy, source: .host(entries: [.init(name: "etc", kind: .directory)], sockets: [], resolver: resolver)) { _ in [] }
        #expect(plan.steps.contains { $0.action == .bind(.host(resolver)) && $0.target == String(resolver.dropFirst()) } == isShown)
    }

    /// Where the policy mounts something in a home, the rest of it is an empty directory.
    @Test func otherHomesAreHidden() throws {
        let policy = try PolicyLoader.load("default", overrides: [])
        let entries: [RootSource.HostEntry] = [.init(name: "data", kind: .directory), .init(name: "work", kind: .directory)]
        let plan = RootPlan(policy, source: .host(entries: entries, hidden: ["/data/ann", "/home/bob", "/var/lib/service"], sockets: [])) { _ in [] }
        #expect(masks(plan).contains("data/ann"))
        #expect(!masks(plan).contains("home/bob") && !masks(plan).contains("var/lib/service"))
        let mounted = RootPlan(policy, source: .host(entries: entries, hidden: ["/tmp-like"], sockets: [])) { _ in [] }
        #expect(masks(mounted).contains("tmp-like"))
    }
}
