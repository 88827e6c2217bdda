internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// Memory that programs in the kernel and this process share: an array of one value, or a hash table of counts. Gone with its last descriptor and name.
struct TracingMap: ~Copyable {
    /// What a map is made as.
    struct Shape: Equatable {
        /// BPF_MAP_TYPE_* (linux/bpf.h)
        let type: UInt32
        /// Sizes in bytes.
        let keySize: Int
        let valueSize: Int
        let entries: Int

        /// An array with one value, all zeros.
        static func value(bytes: Int) -> Shape { Shape(type: 2, keySize: 4, valueSize: bytes, entries: 1) }

        /// The same with one value for each processor: room to work in.
        static func perProcessor(bytes: Int) -> Shape { Shape(type: 6, keySize: 4, valueSize: bytes, entries: 1) }

        /// A hash table whose memory is taken at once, so that an entry cannot fail for want of it.
        static func table(keySize: Int, valueSize: Int = 8, entries: Int) -> Shape { Shape(type: 1, keySize: keySize, valueSize: valueSize, entries: entries) }
    }

    private let descriptor: FileDescriptor
    private let shape: Shape

    var number: Int32 { descriptor.number }

    /// A new map.
    init(_ shape: Shape) throws(SystemError) {
        descriptor = FileDescriptor(
            owning: try check("bpf", "BPF_MAP_CREATE") { brig_tracing_map(shape.type, UInt32(shape.keySize), UInt32(shape.valueSize), UInt32(shape.entries), 0) })
        self.shape = shape
    }

    /// The map that a name in a bpf file system holds.
    ///
    /// - Throws: where it holds none, or (EINVAL) one of another shape
    init(named path: String, _ shape: Shape) throws(SystemError) {
        let opened = FileDescriptor(owning: try check("bpf", path) { unsafe brig_tracing_open(path) })
        let number = opened.number
        var type: UInt32 = 0, key: UInt32 = 0, value: UInt32 = 0, entries: UInt32 = 0
        try check("bpf", path) { unsafe brig_tracing_shape(number, &type, &key, &value, &entries) }
        guard shape == Shape(type: type, keySize: Int(key), valueSize: Int(value), entries: Int(entries)) else { throw SystemError("bpf", path, errno: EINVAL) }
        descriptor = opened
        self.shape = shape
    }

    /// A name in a bpf file system holds the map from now on.
    func keep(_ path: String) throws(SystemError) {
        let number = number
        try check("bpf", path) { unsafe brig_tracing_pin(number, path) }
    }

    /// Sets the one value of an array.
    func set(_ bytes: [UInt8]) throws(SystemError) {
        precondition(bytes.count == shape.valueSize)
        var key: UInt32 = 0
        let number = number
        try check("bpf", "BPF_MAP_UPDATE_ELEM") { unsafe brig_tracing_update(number, &key, bytes) }
    }

    /// The one value of an array.
    func get() throws(SystemError) -> [UInt8] {
        var key: UInt32 = 0
        var bytes = [UInt8](repeating: 0, count: shape.valueSize)
        let number = number
        try check("bpf", "BPF_MAP_LOOKUP_ELEM") { unsafe brig_tracing_lookup(number, &key, &bytes) }
        return bytes
    }

    /// Forgets all entries of a table that nobody writes to.
    func clear() throws(SystemError) {
        let number = number
        for (key, _) in try entries() { try check("bpf", "BPF_MAP_DELETE_ELEM") { unsafe brig_tracing_delete(number, key) } }
    }

    /// Makes the one value of an array zeros.
    func clearValue() throws(SystemError) { try set([UInt8](repeating: 0, count: shape.valueSize)) }

    /// All entries of a table that nobody writes to any more.
    func entries() throws(SystemError) -> [(key: [UInt8], value: [UInt8])] {
        var found: [(key: [UInt8], value: [UInt8])] = []
        var key: [UInt8]?
        let number = number
        while true {
            var next = [UInt8](repeating: 0, count: shape.keySize)
            let result = if let key { unsafe brig_tracing_next_key(number, key, &next) } else { unsafe brig_tracing_next_key(number, nil, &next) }
            if result < 0 {
                if errno == ENOENT { return found }
                throw SystemError("bpf", "BPF_MAP_GET_NEXT_KEY", errno: errno)
            }
            var value = [UInt8](repeating: 0, count: shape.valueSize)
            try check("bpf", "BPF_MAP_LOOKUP_ELEM") { unsafe brig_tracing_lookup(number, next, &value) }
            found.append((next, value))
            key = next
        }
    }
}

extension [UInt8] {
    /// A number of the machine's byte order at an offset.
    func load<Number: FixedWidthInteger>(_ offset: Int, as type: Number.Type) -> Number {
        unsafe withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
}
