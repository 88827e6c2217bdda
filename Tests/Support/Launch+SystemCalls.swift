public import BrigJSON

extension Launch {
    /// Entries of `syscalls.calls` for a call, of every ABI and verdict.
    public func calls(_ name: String) -> [JSONValue] { (self["/syscalls/calls"].array ?? []).filter { $0["name"]?.string == name } }

    /// How often a call came, by all its entries.
    public func count(_ name: String) -> Int64 { calls(name).reduce(0) { $0 + ($1["count"]?.integer ?? 0) } }

    /// `verdict` and `ran` of each entry of a call: `EPERM ran`, `EPERM`.
    public func verdicts(_ name: String) -> [String] {
        calls(name).map { call in (call["verdict"]?.string ?? "?") + (call["ran"] == true ? " ran" : "") }
    }

    /// `index name count` of each kept argument of a call.
    public func facts(_ name: String) -> [String] {
        calls(name).flatMap { $0["arguments"]?.array ?? [] }.map { fact in
            "\(fact["index"]?.integer ?? -1) \(fact["name"]?.string ?? fact["value"]?.string ?? "?") \(fact["count"]?.integer ?? -1)"
        }
    }
}
