/// A fenced block of a document in Markdown.
package struct DocumentBlock: Sendable {
  /// What stands behind the first fence: `yaml`; "" if nothing does.
  package let language: String
  package let text: String
  /// Of the first fence, from 1.
  package let line: Int

  /// The blocks of a document in their order, without the indentation of their fences.
  package static func blocks(of document: String) -> [DocumentBlock] {
    var blocks: [DocumentBlock] = []
    var open: (language: String, indentation: Int, lines: [Substring], line: Int)?
    for (index, line) in document.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let content = line.drop { $0 == " " }
      if let block = open {
        if content == "```" {
          blocks.append(
            DocumentBlock(
              language: block.language, text: block.lines.map { $0 + "\n" }.joined(), line: block.line))
          open = nil
        } else {
          open?.lines.append(line.dropFirst(block.indentation))
        }
      } else if content.hasPrefix("```") {
        open = (String(content.dropFirst(3)), line.count - content.count, [], index + 1)
      }
    }
    return blocks
  }

  /// What is typed behind `$ `, and what is printed then. A command goes on in the next line behind a backslash.
  package var commands: [(command: String, output: String)] {
    var commands: [(command: String, output: String)] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      if line.hasPrefix("$ ") {
        commands.append((String(line.dropFirst(2)), ""))
      } else if let last = commands.indices.last {
        if commands[last].output.isEmpty, commands[last].command.hasSuffix("\\") {
          commands[last].command += "\n" + line
        } else {
          commands[last].output += line + "\n"
        }
      }
    }
    return commands
  }
}
