import BrigJSON
import BrigPolicy
import BrigSystem
import Testing

@Suite struct ShippedPolicyTests {
    @Test(arguments: PolicyLoader.builtInNames)
    func loadsAndSaysWhatItIsFor(_ name: String) throws {
        let policy = try PolicyLoader.load(name)
        #expect(policy.name == name)
        #expect(policy.description?.isEmpty == false)
        #expect(policy.origin.isBuiltIn)
        #expect(policy.origin.path == name)
        #expect(policy.origin.sha256.utf8.count == 64)
        #expect(policy.systemCalls.defaultAction != .log)
    }

    @Test func namesAreThoseOfTheContract() {
        #expect(PolicyLoader.builtInNames == ["build", "ci-memory", "default", "network-client", "strict"])
    }

    /// An ordinary user has no cgroup of their own: these two run without one.
    @Test(arguments: ["default", "build"])
    func needsNoCgroup(_ name: String) throws {
        let limits = try PolicyLoader.load(name).limits
        #expect(limits.memory?.isRequired == false)
        #expect(limits.pids?.isRequired == false)
    }

    @Test(arguments: ["strict", "ci-memory", "network-client"])
    func insistsOnItsCeilings(_ name: String) throws {
        let limits = try PolicyLoader.load(name).limits
        #expect(limits.memory?.isRequired == true)
        #expect(limits.pids?.isRequired == true)
    }

    @Test func timeOfLoading() throws {
        let clock = ContinuousClock()
        _ = try PolicyLoader.load("build")
        var times: [Duration] = []
        for _ in 0..<200 {
            let start = clock.now
            _ = try PolicyLoader.load("build")
            times.append(clock.now - start)
        }
        times.sort()
        print("loading build.json takes \(times[100]) (median of 200, least \(times[0]))")
    }
}
