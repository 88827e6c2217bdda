// swift-tools-version: 6.2
import PackageDescription

/// The settings that every Swift target is built with: the language's strictest modes, and no warning left standing.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let strictC: [CSetting] = [
    .define("_GNU_SOURCE"),
    .treatAllWarnings(as: .error),
    .enableWarning("all"),
    .enableWarning("extra"),
    .enableWarning("shadow"),
    .enableWarning("strict-prototypes"),
]

/// A system library that pkg-config finds; the Debian package that provides it is what the message of a failed build names.
func system(_ name: String, _ pkgConfig: String, _ apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

// Floors: a target imports only targets of lower floors (Scripts/check-floors checks it).
let package = Package(
    name: "brig",
    products: [.executable(name: "brig", targets: ["brig"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // Floor 0: the system's libraries and our own C.
        system("CSeccomp", "libseccomp", "libseccomp-dev"),
        system("CLibcap", "libcap", "libcap-dev"),
        system("CAppArmor", "libapparmor", "libapparmor-dev"),
        system("CJSONC", "json-c", "libjson-c-dev"),
        system("CNettle", "nettle", "nettle-dev"),
        system("CArchive", "libarchive", "libarchive-dev"),
        .target(name: "CBrigLinux", cSettings: strictC),
        .target(name: "CBrigCell", cSettings: strictC),
        .target(name: "CBrigPolicies", cSettings: strictC),

        // Floor 1: the operating system and JSON.
        .target(name: "BrigSystem", dependencies: ["CBrigLinux", "CNettle"]),
        .target(name: "BrigJSON", dependencies: ["CJSONC"]),

        // Floor 2: what a user writes, what a user gets, what a job runs in.
        .target(name: "BrigPolicy", dependencies: ["BrigJSON", "BrigSystem", "CBrigLinux", "CBrigPolicies", "CLibcap", "CSeccomp"]),
        .target(name: "BrigReport", dependencies: ["BrigJSON", "BrigSystem"]),
        .target(
            name: "BrigImage", dependencies: ["BrigJSON", "BrigSystem", "CArchive", "CBrigLinux", "CSeccomp"],
            linkerSettings: ["archive", "acl", "z", "zstd", "lzma", "bz2", "lz4", "nettle"].map { .linkedLibrary($0) }),

        // Floor 3: from a policy to a plan that the child can carry out without a decision.
        .target(name: "BrigTracing", dependencies: ["BrigSystem", "CBrigLinux"]),
        .target(name: "BrigPlan", dependencies: ["BrigPolicy", "BrigSystem", "CBrigCell", "CBrigLinux", "CSeccomp"]),

        // Floor 4: launching and supervising.
        .target(
            name: "BrigRuntime",
            dependencies: ["BrigImage", "BrigPlan", "BrigPolicy", "BrigReport", "BrigSystem", "BrigTracing", "CAppArmor", "CBrigCell", "CBrigLinux", "CBrigPolicies", "CLibcap", "CSeccomp"]),

        // Floor 5: the command.
        .executableTarget(
            name: "brig",
            dependencies: [
                "BrigImage", "BrigJSON", "BrigPlan", "BrigPolicy", "BrigReport", "BrigRuntime", "BrigSystem", "BrigTracing", "CBrigLinux",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // Tests: per target without privileges; real launches; attacks with their controls.
        .target(name: "CTestSupport", path: "Tests/Support/CTestSupport", cSettings: strictC),
        .target(name: "TestSupport", dependencies: ["BrigJSON", "BrigSystem", "CTestSupport"], path: "Tests/Support", exclude: ["CTestSupport", "check-reports", "probe"]),
        .testTarget(name: "BrigSystemTests", dependencies: ["BrigSystem"]),
        .testTarget(name: "BrigJSONTests", dependencies: ["BrigJSON"]),
        .testTarget(name: "BrigPolicyTests", dependencies: ["BrigJSON", "BrigPolicy", "BrigSystem", "TestSupport"]),
        .testTarget(name: "BrigReportTests", dependencies: ["BrigJSON", "BrigReport", "BrigSystem", "TestSupport"]),
        .testTarget(name: "BrigImageTests", dependencies: ["BrigImage", "BrigJSON", "BrigSystem", "CBrigLinux", "TestSupport"]),
        .testTarget(name: "BrigPlanTests", dependencies: ["BrigJSON", "BrigPlan", "BrigPolicy", "BrigSystem", "CSeccomp", "TestSupport"]),
        .testTarget(name: "BrigRuntimeTests", dependencies: ["BrigPlan", "BrigPolicy", "BrigReport", "BrigRuntime", "BrigSystem", "TestSupport"]),
        .testTarget(name: "IntegrationTests", dependencies: ["BrigJSON", "BrigSystem", "TestSupport"]),
        .testTarget(name: "EscapeTests", dependencies: ["BrigJSON", "BrigSystem", "TestSupport"]),
    ],
    cLanguageStandard: .gnu2x
)

for target in package.targets where target.type != .system && !target.name.hasPrefix("C") {
    target.swiftSettings = (target.swiftSettings ?? []) + strict
}
