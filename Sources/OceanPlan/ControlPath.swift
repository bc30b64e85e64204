/// The path of a server's control socket.
package enum ControlPath {
  /// What the system takes for the path of a socket (unix(7)).
  package static let maxOctets = 107

  /// Where the server that keeps `directory` listens.
  package static func socket(in directory: String) -> String {
    directory.hasSuffix("/") ? directory + "control.sock" : directory + "/control.sock"
  }
}
