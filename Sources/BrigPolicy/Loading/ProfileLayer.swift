internal import BrigJSON

/// A policy's `syscalls.profile`: written in the policy, or in a file of its own that the policy names.
struct ProfileLayer {
    /// The file; nil where the profile is in the policy itself.
    let file: PolicyLayer?
    let value: JSONValue

    init(in layer: PolicyLayer) throws(PolicyError) {
        let value = layer.document.value["syscalls"]?["profile"] ?? .null
        guard let path = value.string else {
            self.value = value
            file = nil
            return
        }
        guard !path.isEmpty, !path.utf8.contains(0) else { throw layer.failure("/syscalls/profile", "expected the path of a seccomp profile or the profile itself, found \(PolicyDecoder.show(value))") }
        do throws(PolicyError) {
            file = try PolicyLayer(PolicySource(file: layer.source.resolving(path)))
        } catch {
            // A file that cannot be read is the fault of the line that names it.
            guard let first = error.diagnostics.first, case .wholeFile(let path) = first.place else { throw error }
            throw layer.failure("/syscalls/profile", "\(path): \(first.message)")
        }
        self.value = file?.document.value ?? .null
    }
}
