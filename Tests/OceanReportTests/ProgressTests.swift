import OceanReport
import Testing

@Suite struct ProgressTests {
  private final class Screen {
    var now = ContinuousClock.now
    var text = ""
  }

  @Test func `progress is shown ten times a second at most, and cleared`() {
    let screen = Screen()
    let progress = Progress("reading logs", now: { screen.now }, write: { screen.text += $0 })
    progress.update(octets: 512, of: 1024)
    #expect(screen.text == "", "short work shows nothing")
    progress.end()
    #expect(screen.text == "")
    screen.now += .milliseconds(100)
    progress.update(octets: 512, of: 1024)
    screen.now += .milliseconds(99)
    progress.update(octets: 600, of: 1024)
    #expect(screen.text == "\rreading logs: 512 B of 1.0 KiB, 50 %\u{1b}[K")
    screen.now += .milliseconds(1)
    progress.update(octets: 2048, of: nil)
    progress.end()
    progress.end()
    #expect(
      screen.text == "\rreading logs: 512 B of 1.0 KiB, 50 %\u{1b}[K\rreading logs: 2.0 KiB\u{1b}[K\r\u{1b}[K"
    )
  }
}
