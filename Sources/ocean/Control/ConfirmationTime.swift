import ArgumentParser

/// How long a plan waits to be confirmed: `5m`, `1h30m`.
struct ConfirmationTime {
  let seconds: Int

  init(_ argument: String) throws {
    guard let seconds = Duration.seconds(argument), (1...86_400).contains(seconds) else {
      throw ValidationError("Write a time from 1s to 1d with its unit, like 5m or 1h30m.")
    }
    self.seconds = seconds
  }
}
