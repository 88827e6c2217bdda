internal import CBrigLinux

/// What this executable was built from.
enum Build {
    static let version = "0.1.0"
    /// The commit, where the build was told (`make release` does); else nil.
    static var commit: String? { unsafe brig_build_commit().map { unsafe String(cString: $0) } }
}
