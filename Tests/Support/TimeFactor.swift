/// How much slower this machine is than an ordinary one: 1, or `BRIG_TIME_FACTOR` where a machine is emulated. Limits within which something must have
/// happened are multiplied by it; figures that a test expects never are.
public let timeFactor: Double = environmentValue("BRIG_TIME_FACTOR").flatMap(Double.init).map { max($0, 1) } ?? 1
