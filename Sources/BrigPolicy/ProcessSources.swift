internal import BrigJSON

/// Where a value of a job's process comes from.
public enum ValueSource: String, Sendable {
    /// A flag of the command line.
    case commandLine = "command-line"
    /// A policy's file.
    case policy
    /// The image's configuration.
    case image
    /// A policy inside the executable.
    case builtInPolicy = "built-in-policy"
    /// The caller's environment, which the policy inherits.
    case caller
    /// Nobody said anything.
    case standard = "default"

    /// Whether an image's own value comes before it: a built-in policy is written for no image in particular.
    public var yieldsToImage: Bool { self == .builtInPolicy || self == .standard }
}

extension Policy {
    /// Who said what a job's process is.
    public struct ProcessSources: Sendable, Equatable {
        public internal(set) var user = ValueSource.standard
        public internal(set) var group = ValueSource.standard
        public internal(set) var workingDirectory = ValueSource.standard
        /// By the variable's name; one that is not here has its standard value.
        public internal(set) var environment: [String: ValueSource] = [:]
        /// Variables of the caller's that a flag asks for.
        public internal(set) var inheritedByFlag: [String] = []
    }

    /// What an image says of the programs in it. Nil: nothing.
    public struct ProcessDefaults: Sendable, Equatable {
        public var user: Identity?
        public var group: Identity?
        public var workingDirectory: String?
        /// No name twice.
        public var environment: [EnvironmentVariable] = []

        public init() {}
    }
}

extension Policy.ProcessSources {
    /// Who wrote each field of the resolved policy: the flags, then the files from the first to the last base.
    init(_ chain: PolicyChain, _ overrides: [PolicyOverride]) {
        for layer in chain.layers.reversed() {
            guard let process = layer.document.value["process"] else { continue }
            let source: ValueSource = layer.source.isBuiltIn ? .builtInPolicy : .policy
            if process["user"] != nil { user = source }
            if process["group"] != nil { group = source }
            if process["cwd"] != nil { workingDirectory = source }
            for variable in process["environment"]?.members ?? [] { environment[variable.name] = source }
        }
        let variables = "/process/environment/"
        for override in overrides {
            switch override.pointer {
            case "/process/user": user = .commandLine
            case "/process/group": group = .commandLine
            case "/process/cwd": workingDirectory = .commandLine
            case "/process/inheritEnvironment/-": inheritedByFlag += [override.value.string].compactMap(\.self)
            case let pointer where pointer.hasPrefix(variables):
                environment[String(pointer.dropFirst(variables.count)).replacing("~1", with: "/").replacing("~0", with: "~")] = .commandLine
            default: continue
            }
        }
    }
}

extension Policy {
    /// Makes room for variables that are copied from the caller, which has them: a built-in policy's value is for nobody in particular, and a flag comes before any but `--env`.
    public mutating func yield(to inherited: [String]) {
        process.environment.removeAll { variable in
            guard inherited.contains(variable.name) else { return false }
            let source = origin.process.environment[variable.name, default: .standard]
            return source.yieldsToImage || source != .commandLine && origin.process.inheritedByFlag.contains(variable.name)
        }
    }

    /// Takes an image's values for what neither a flag nor a policy's file says.
    ///
    /// - Parameter inherited: variables that the policy copies from the caller, which has them: the image's are not taken.
    public mutating func take(_ image: ProcessDefaults, inherited: [String]) {
        // A group without its user would be one that neither side meant.
        if let user = image.user, origin.process.user.yieldsToImage {
            process.user = user
            origin.process.user = .image
            if let group = image.group, origin.process.group.yieldsToImage {
                process.group = group
                origin.process.group = .image
            }
        }
        if let directory = image.workingDirectory, origin.process.workingDirectory.yieldsToImage {
            process.workingDirectory = directory
            origin.process.workingDirectory = .image
        }
        for variable in image.environment where origin.process.environment[variable.name, default: .standard].yieldsToImage && !inherited.contains(variable.name) {
            process.environment.removeAll { $0.name == variable.name }
            process.environment.append(variable)
            origin.process.environment[variable.name] = .image
        }
        process.environment.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}
