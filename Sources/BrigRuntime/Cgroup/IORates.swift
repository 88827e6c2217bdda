internal import BrigPolicy
internal import BrigSystem

/// An io limit with its device, as the kernel takes both.
struct IORates: Equatable {
    /// `MAJOR:MINOR`
    let device: String
    let readBytes: UInt64?
    let writeBytes: UInt64?
    let readOperations: UInt64?
    let writeOperations: UInt64?

    /// As io.max of version 2 takes it.
    var version2: String {
        let rates = [("rbps", readBytes), ("wbps", writeBytes), ("riops", readOperations), ("wiops", writeOperations)]
        return device + rates.compactMap { name, rate in rate.map { " \(name)=\($0)" } }.joined()
    }
}

extension Policy.IOLimit {
    var rates: IORates {
        get throws(SystemError) {
            var name: String
            switch target {
            case .device(let major, let minor): name = "\(major):\(minor)"
            case .path(let path): name = try deviceName(try FileDescriptor.open(path, .path).status().device)
            }
            return IORates(
                device: name, readBytes: readBytesPerSecond, writeBytes: writeBytesPerSecond, readOperations: readOperationsPerSecond, writeOperations: writeOperationsPerSecond)
        }
    }
}

/// The whole disk of a partition: limits are set on disks.
private func deviceName(_ device: UInt64) throws(SystemError) -> String {
    // makedev(3): 12 bits of major number above 8 bits of minor number, the rest of both above.
    let major = (device >> 8 & 0xfff) | (device >> 32 & 0xffff_f000)
    let minor = (device & 0xff) | (device >> 12 & 0xffff_ff00)
    let own = "/sys/dev/block/\(major):\(minor)"
    do throws(SystemError) {
        _ = try linkStatus(own + "/partition")
    } catch {
        return "\(major):\(minor)"
    }
    return String(try readText(own + "/../dev").prefix { $0 != "\n" })
}
