import ArgumentParser
import OceanControlAPI

extension ChangeComment {
  /// Takes the value of an option.
  init(argument: String) throws {
    do {
      try self.init(argument)
    } catch {
      throw ValidationError("\(error)")
    }
  }
}
