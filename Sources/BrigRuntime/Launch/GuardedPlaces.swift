internal import BrigImage
internal import BrigSystem
internal import Glibc

/// Directories of brig's own that no job may write to, as what is in them decides what later brigs do: the account's image store, and its table of jobs. And the links on the way to
/// them, in whose place a job could put others.
///
/// Compared by where they are in their file systems: one directory can be mounted in several places.
struct GuardedPlaces {
    /// A file by its file system and its path in that.
    private struct Location {
        let device: Substring
        let path: String
    }

    private struct Mount {
        let point: String
        let device: Substring
        let root: String
    }

    private struct Place {
        let name: String
        let location: Location
        let isLink: Bool
    }

    private var mounts: [Mount] = []
    private var places: [Place] = []

    init() throws(SystemError) {
        for line in try readText("/proc/self/mountinfo").split(separator: "\n") {
            // 36 35 98:0 /mnt1 /mnt2 rw,noatime ... (proc_pid_mountinfo(5))
            let fields = line.split(separator: " ")
            if fields.count > 4 { mounts.append(Mount(point: CgroupMounts.unescaped(fields[4]), device: fields[2], root: CgroupMounts.unescaped(fields[3]))) }
        }
        // An account without a place for a store has none.
        do throws(ImageError) { add(try ImageStore.defaultPath(), "the image store") } catch {}
        add(JobTable.directory(), "the table of jobs")
    }

    /// - Throws: where a job that may write to `source`, a path without links, could write to one of the places.
    func check(_ source: String) throws(LaunchError) {
        let parts = source.split(separator: "/")
        let reached = [location(parts)] + mounts.filter { Self.isBelow($0.point.split(separator: "/"), parts) }.map { Location(device: $0.device, path: $0.root) }
        for place in places {
            let isReached = reached.contains { source in
                guard source.device == place.location.device else { return false }
                let (here, there) = (source.path.split(separator: "/"), place.location.path.split(separator: "/"))
                return Self.isBelow(there, here) || !place.isLink && Self.isBelow(here, there)
            }
            guard isReached else { continue }
            throw LaunchError("mounts", "bind source \(source) reaches \(place.name), and no job may write there", hint: "bind less of it, or read-only; BRIG_STORE and XDG_RUNTIME_DIR put brig's own elsewhere")
        }
    }

    /// Adds a directory, if it is there, and the links on the way to it.
    private mutating func add(_ path: String, _ name: String) {
        var pending = Array(path.split(separator: "/").map(String.init).reversed())
        if !path.hasPrefix("/") {
            do throws(SystemError) { pending += try readLink("/proc/self/cwd").split(separator: "/").map(String.init).reversed() } catch { return }
        }
        var here: [String] = []
        var links = 0
        while let part = pending.popLast() {
            if part == "." { continue }
            if part == ".." {
                _ = here.popLast()
                continue
            }
            let next = "/" + (here + [part]).joined(separator: "/")
            do throws(SystemError) {
                let target = try readLink(next)
                places.append(Place(name: "\(next), a link to \(name)", location: location(next.split(separator: "/")), isLink: true))
                links += 1
                if links > 40 { return }
                if target.hasPrefix("/") { here = [] }
                pending += target.split(separator: "/").map(String.init).reversed()
            } catch {
                here.append(part)  // no link, or not there
            }
        }
        let real = "/" + here.joined(separator: "/")
        if unsafe access(real, F_OK) == 0 { places.append(Place(name: "\(name) \(real)", location: location(real.split(separator: "/")), isLink: false)) }
    }

    /// Where a path without links is: in the mount with the longest path to it, the last of several.
    private func location(_ parts: [Substring]) -> Location {
        var best = Location(device: "", path: "/" + parts.joined(separator: "/"))
        var length = -1
        for mount in mounts {
            let point = mount.point.split(separator: "/")
            guard point.count >= length, Self.isBelow(parts, point) else { continue }
            length = point.count
            best = Location(device: mount.device, path: ([mount.root] + parts.dropFirst(point.count).map(String.init)).joined(separator: "/"))
        }
        return best
    }

    /// Whether a path is `top` or below it.
    private static func isBelow(_ path: [Substring], _ top: [Substring]) -> Bool { path.count >= top.count && zip(path, top).allSatisfy { $0 == $1 } }
}
