import OceanHost
import OceanReport

extension ServerName {
  /// - Parameters:
  ///   - socket: the server's, for a saved plan, which does not name it.
  ///   - config: a config, or what else was loaded.
  init(_ control: ControlOptions, socket: String, config: LoadedPlan) {
    let isConfig = control.socket == nil && config.config != nil
    self.init(socket: isConfig ? nil : socket, config: config.path)
  }
}
