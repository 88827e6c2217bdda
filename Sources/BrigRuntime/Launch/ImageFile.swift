internal import BrigPolicy
internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// A file that is a file system, mounted where nobody but its descriptor leads. With the last reference the mount goes, and the loop device with it.
///
/// The kernel reads such a file with code that trusts it more than an archive's reader does, so only root's own are mounted, and read-only.
final class ImageFile: Sendable {
    /// The root of the mount.
    let mount: FileDescriptor

    /// The mount's root as a path of this process.
    var path: String { "/proc/self/fd/\(mount.number)" }

    init(_ path: String, _ type: Policy.ImageReference.FileSystem) throws(LaunchError) {
        guard Host.isRoot else {
            throw LaunchError("rootfs", "image \(type.rawValue):\(path): only root can mount a file", hint: "unpack it and use dir:PATH, or import an archive")
        }
        let file = try inStage("rootfs") { () throws(SystemError) in try FileDescriptor.open(path, [.read, .nonBlocking]) }
        guard try inStage("rootfs", { () throws(SystemError) in try file.status() }).kind == .regular else {
            throw LaunchError("rootfs", "image \(type.rawValue):\(path) is no regular file")
        }
        var device = [CChar](repeating: 0, count: 32)
        let number = file.number
        let loop = FileDescriptor(
            owning: try inStage("rootfs", hint: "the host must have loop devices (modprobe loop)") { () throws(SystemError) in
                try check("loop device", path) { unsafe brig_attach_loop(number, &device, device.count) }
            })
        let name = device.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) } + [0]
        mount = FileDescriptor(
            owning: try inStage("rootfs", hint: "is it a \(type.rawValue) file, and does the kernel have \(type.rawValue) (modprobe \(type.rawValue))?") { () throws(SystemError) in
                try check("mount", path) { unsafe name.withUnsafeBytes { unsafe brig_mount_device(type.rawValue, $0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: CChar.self)) } }
            })
        // The mount holds the device from here on.
        _ = consume loop
    }
}
