internal import BrigSystem
internal import CBrigLinux
internal import Glibc

/// Memory that programs in the kernel and this process share: an array of one value, or a hash table of counts. Gone with its last descriptor.
struct TracingMap: ~Copyable {
    private let descriptor: FileDescriptor
    let keySize: Int
    let valueSize: Int

    var number: Int32 { descriptor.number }

    private init(type: UInt32, keySize: Int, valueSize: Int, entries: Int, flags: UInt32 = 0) throws(SystemError) {
        descriptor = FileDescriptor(owning: try check("bpf", "BPF_MAP_CREATE") { brig_tracing_map(type, UInt32(keySize), UInt32(valueSize), UInt32(entries), flags) })
        self.keySize = keySize
        self.valueSize = valueSize
    }

    /// An array with one value, all zeros.
    static func value(bytes: Int) throws(SystemError) -> TracingMap { try TracingMap(type: 2, keySize: 4, valueSize: bytes, entries: 1) }

    /// The same with one value for each processor: room to work in.
    static func perProcessor(bytes: Int) throws(SystemError) -> TracingMap { try TracingMap(type: 6, keySize: 4, valueSize: bytes, entries: 1) }

    /// A hash table whose memory is taken at once, so that an entry cannot fail for want of it.
    static func table(keySize: Int, valueSize: Int = 8, entries: Int) throws(SystemError) -> TracingMap {
        try TracingMap(type: 1, keySize: keySize, valueSize: valueSize, entries: entries)
    }

    /// Sets the one value of an array.
    func set(_ bytes: [UInt8]) throws(SystemError) {
        precondition(bytes.count == valueSize)
        var key: UInt32 = 0
        let number = number
        try check("bpf", "BPF_MAP_UPDATE_ELEM") { unsafe brig_tracing_update(number, &key, bytes) }
    }

    /// The one value of an array.
    func get() throws(SystemError) -> [UInt8] {
        var key: UInt32 = 0
        var bytes = [UInt8](repeating: 0, count: valueSize)
        let number = number
        try check("bpf", "BPF_MAP_LOOKUP_ELEM") { unsafe brig_tracing_lookup(number, &key, &bytes) }
        return bytes
    }

    /// All entries of a table that nobody writes to any more.
    func entries() throws(SystemError) -> [(key: [UInt8], value: [UInt8])] {
        var found: [(key: [UInt8], value: [UInt8])] = []
        var key: [UInt8]?
        let number = number
        while true {
            var next = [UInt8](repeating: 0, count: keySize)
            let result = if let key { unsafe brig_tracing_next_key(number, key, &next) } else { unsafe brig_tracing_next_key(number, nil, &next) }
            if result < 0 {
                if errno == ENOENT { return found }
                throw SystemError("bpf", "BPF_MAP_GET_NEXT_KEY", errno: errno)
            }
            var value = [UInt8](repeating: 0, count: valueSize)
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
