import ArgumentParser
import OceanBase

/// A time of RFC 3339, or a day, which stands for its first second.
struct TimeArgument: ExpressibleByArgument {
  /// Since 1970.
  let seconds: Int64

  init?(argument: String) {
    guard let seconds = Timestamp.seconds(ofTimeOrDay: argument) else { return nil }
    self.seconds = seconds
  }
}
