import Logging

extension Logger {
  /// Logs once that a file system does not answer, and once that it answers again.
  func note(_ silence: FileSilence, isOver: Bool) {
    var metadata: Logger.Metadata = ["path": "\(silence.path)"]
    if let type = silence.type { metadata["type"] = "\(type)" }
    if isOver {
      return notice(
        "\(silence.isOwn ? "files of the server answer" : "a file system answers") again", metadata: metadata)
    }
    metadata["calls"] = "\(silence.numbers.calls)"
    metadata["waiting"] = "\(silence.numbers.waiting)"
    if silence.isOwn {
      return error(
        "files of the server do not answer; logins that need them are told to try again", metadata: metadata)
    }
    error(
      "a file system does not answer; logins whose mail is there are told to try again", metadata: metadata)
  }
}
