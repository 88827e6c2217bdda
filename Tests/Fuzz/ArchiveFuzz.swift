import CBrigLinux
import Glibc

@testable import BrigImage

// A libFuzzer target for everything that reads what others made: the first byte says which reader gets the rest. It ends with a trap when
// something appears outside of the directory that a layer is unpacked into, or when a reader crashes. Scripts/fuzz-images builds and runs it.

/// Beside the target of every unpacking lies a file that nothing may touch.
private let place: String = {
    let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/brig-fuzz-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { preconditionFailure("mkdtemp: errno \(errno)") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let canary = unsafe open("\(path)/canary", O_WRONLY | O_CREAT, 0o640)
    precondition(canary >= 0)
    precondition(unsafe write(canary, "untouched", 9) == 9)
    close(canary)
    return path
}()

private let directory = unsafe open(place, O_RDONLY | O_DIRECTORY)

private let limits: UnpackLimits = {
    var limits = UnpackLimits()
    limits.layerBytes = .init(1 << 20)
    limits.entries = 200
    limits.documentBytes = 1 << 16
    return limits
}()

private func unpack(_ bytes: [UInt8], _ kind: ArchiveReader.Kind) throws(ImageError) {
    precondition(unsafe mkdirat(directory, "root", 0o755) == 0)
    let root = unsafe openat(directory, "root", O_RDONLY | O_DIRECTORY)
    defer {
        close(root)
        checkOutside()
    }
    let stream = MemoryStream(bytes)
    let content = HashingStream(kind == .tar ? stream : try InflatedStream(stream, subject: "input"), ceiling: .init(bytes: limits.layerBytes.bytes, subject: "input"))
    var reader = try ArchiveReader(.tar, content, subject: "input")
    var unpacker = LayerUnpacker(into: root, keepsOwners: geteuid() == 0, limits: limits)
    _ = try unpacker.unpack(&reader)
    _ = try TreeDigest.compute(root, limits: limits)
}

private func checkOutside() {
    var status = stat()
    precondition(unsafe fstatat(directory, "canary", &status, AT_SYMLINK_NOFOLLOW) == 0)
    precondition(status.st_size == 9 && status.st_mode & 0o7777 == 0o640 && status.st_nlink == 1 && status.st_uid == geteuid(), "the file outside was changed")
    do throws(ImageError) {
        let names = Array(try DirectoryNames(directory, of: .root))
        precondition(names.count == 2, "something appeared outside")
        try TreeRemoval.remove("root", in: directory)
    } catch {
        preconditionFailure("\(error)")
    }
}

/// An archive of manifests, read from a file as the importer does.
private func readManifests(_ bytes: [UInt8]) throws(ImageError) {
    let file = unsafe openat(directory, "input", O_RDWR | O_CREAT | O_TRUNC, 0o600)
    defer {
        close(file)
        _ = unsafe unlinkat(directory, "input", 0)
    }
    precondition(unsafe write(file, bytes, bytes.count) == bytes.count)
    guard let source = try ArchiveSource(file, form: .dockerArchive, limits: limits, progress: { _ in }) else { return }
    if let plans = try ImagePlan.docker(source, tag: nil, limits: limits) { precondition(plans.allSatisfy { $0.layers.count <= limits.layers }) }
    _ = try ImagePlan.oci(source, tag: nil, platform: .host, limits: limits)
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    guard count > 0 else { return 0 }
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count).dropFirst())
    do throws(ImageError) {
        switch unsafe start[0] & 3 {
        case 0: try unpack(bytes, .tar)
        case 1: try unpack(bytes, .compressed)
        case 2: try readManifests(bytes)
        default: _ = try ImageConfig(bytes, limits: limits)
        }
    } catch {
        // An input that is refused is what most of them are for.
    }
    return 0
}
