package import OceanHost

extension Failure {
  /// The sentence with which something fails; nil if it does not.
  package static func message(of body: () throws(Failure) -> Void) -> String? {
    do throws(Failure) {
      try body()
      return nil
    } catch {
      return error.message
    }
  }
}
