import OceanPlan

/// The values of settings that are not given, and of those that cannot be. The settings table names them from here.
enum Defaults {
  static let kind = Plan.Service.Kind.pop3
  static let enabled = true
  static let state = "/var/lib/ocean"
  static let drainSeconds = 30
  static let port = 110
  static let tlsPort = 995
  static let profile = Plan.Service.TLS.Profile.intermediate
  static let connections = 200
  static let idleSeconds = 600
  static let loginSeconds = 60
  static let handshakeSeconds = 30
  static let loginAttempts = 3
  static let badCommands = 10
  static let serverLimits = Plan.Server.Limits()
  static let antiHammering = Plan.Server.AntiHammering()
  static let failureDelayMilliseconds = 2000
  /// RFC 2449 §4.
  static let lineOctets = 255
  static let outputOctets = 128 * 1024
}
