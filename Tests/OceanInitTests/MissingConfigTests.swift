import Glibc
import OceanHost
import OceanInit
import TestSupport
import Testing

struct MissingConfigTests {
  @Test func `who has no config is told three ways to one`() {
    func advice(_ existing: String?) -> String {
      MissingConfig.advice(
        "/etc/ocean/ocean.yaml", program: "/usr/local/bin/ocean", exists: { $0 == existing })
    }
    let installed = "/usr/local/share/doc/ocean/examples"
    #expect(
      advice(installed)
        == "'ocean init' makes a first one, 'ocean import dovecot /etc/dovecot/dovecot.conf --out /etc/ocean' one from "
        + "Dovecot's; examples are in \(installed)")
    #expect(advice(nil).hasSuffix("examples are in the directory 'examples' of ocean's sources"))
  }

  @Test func `the standard config is taken if it is there, whatever it is`() throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/ocean.yaml"
    #expect {
      try MissingConfig.standardConfig(path)
    } throws: {
      let message = ($0 as? Failure)?.message ?? ""
      return message.hasPrefix(
        "there is no \(path), the config if none is named: name one with -c FILE. 'ocean init' ")
    }
    mkdir(path, 0o700)
    #expect(try MissingConfig.standardConfig(path) == path)
  }
}
