internal import BrigJSON

/// What an image is made for.
struct Platform: Equatable, CustomStringConvertible {
    var os = "linux"
    var architecture: String
    var variant = ""

    /// What this program runs on, in the names that images use.
    static let host: Platform = {
        #if arch(x86_64)
        Platform(architecture: "amd64")
        #elseif arch(arm64)
        Platform(architecture: "arm64")
        #elseif arch(riscv64)
        Platform(architecture: "riscv64")
        #else
        Platform(architecture: "unknown")
        #endif
    }()

    /// Reads the `platform` of an index's entry.
    init?(_ value: JSONValue?) {
        guard let value, let os = value["os"]?.string, let architecture = value["architecture"]?.string else { return nil }
        self.init(os: os, architecture: architecture, variant: value["variant"]?.string ?? "")
    }

    init(os: String = "linux", architecture: String, variant: String = "") {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    /// Reads `OS/ARCHITECTURE[/VARIANT]` or `ARCHITECTURE`.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), !parts.contains("") else { return nil }
        self.init(os: parts.count > 1 ? parts[0] : "linux", architecture: parts.count > 1 ? parts[1] : parts[0], variant: parts.count > 2 ? parts[2] : "")
    }

    /// A variant matters only where one was asked for.
    func accepts(_ other: Platform) -> Bool { os == other.os && architecture == other.architecture && (variant.isEmpty || variant == other.variant) }

    var description: String { "\(os)/\(architecture)\(variant.isEmpty ? "" : "/\(variant)")" }
}
