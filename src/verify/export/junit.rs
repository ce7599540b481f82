//! JUnit XML: a suite a stage, a case a command.

use std::io;

use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;

use crate::report::Verify;
use crate::report::verify::{Command, Stage, StageStatus};

/// The document as JUnit XML. What fails without a command that did (a changed tree, a stack that is down) is a case of a
/// suite of its own, so that no reader takes it for a pass.
///
/// # Errors
/// None in practice: it is written to memory.
pub fn junit(document: &Verify) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let commands = || document.stages.iter().flat_map(|stage| &stage.commands);
    let unattributed = document.reason.filter(|_| !commands().any(|command| command.status.is_bad()));
    let failures = commands().filter(|command| command.status.is_bad()).count() + usize::from(unattributed.is_some());
    writer
        .create_element("testsuites")
        .with_attribute(("name", "harness verify"))
        .with_attribute(("tests", (commands().count() + usize::from(unattributed.is_some())).to_string().as_str()))
        .with_attribute(("failures", failures.to_string().as_str()))
        .with_attribute(("time", seconds(document.total_duration_ms).as_str()))
        .write_inner_content(|writer| {
            document.stages.iter().try_for_each(|stage| suite(writer, stage))?;
            let Some(reason) = unattributed else { return Ok(()) };
            let said = document.error.as_ref().map_or_else(|| reason.to_string(), |error| error.message.clone());
            let tree = document.tree.iter().flat_map(|tree| &tree.changed).cloned().collect::<Vec<_>>().join("\n");
            head(writer, "testsuite", "verify", &[("tests", "1"), ("failures", "1")]).write_inner_content(
                |writer| {
                    head(writer, "testcase", reason.as_str(), &[("classname", "verify")])
                        .write_inner_content(|writer| failure(writer, &said, &format!("{said}\n{tree}")))?;
                    Ok(())
                },
            )?;
            Ok(())
        })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

type Xml = Writer<Vec<u8>>;

fn head<'a>(
    writer: &'a mut Xml,
    element: &'a str,
    name: &str,
    attributes: &[(&str, &str)],
) -> quick_xml::writer::ElementWriter<'a, Vec<u8>> {
    let attributes = attributes.iter().copied();
    writer.create_element(element).with_attribute(("name", legal(name).as_str())).with_attributes(attributes)
}

fn suite(writer: &mut Xml, stage: &Stage) -> io::Result<()> {
    let count = |is: fn(StageStatus) -> bool| stage.commands.iter().filter(|it| is(it.status)).count().to_string();
    let (failures, skipped) = (count(StageStatus::is_bad), count(is_skipped));
    let (tests, time) = (stage.commands.len().to_string(), seconds(stage.duration_ms));
    let attributes =
        [("tests", tests.as_str()), ("failures", &failures), ("errors", "0"), ("skipped", &skipped), ("time", &time)];
    head(writer, "testsuite", &stage.name, &attributes).write_inner_content(|writer| {
        stage.commands.iter().try_for_each(|command| case(writer, &stage.name, command))
    })?;
    Ok(())
}

fn case(writer: &mut Xml, stage: &str, command: &Command) -> io::Result<()> {
    let (stage, time) = (legal(stage), seconds(command.duration_ms));
    head(writer, "testcase", &command.name, &[("classname", &stage), ("time", &time)]).write_inner_content(
        |writer| {
            match command.status {
                StageStatus::Pass => {}
                StageStatus::Skipped => {
                    writer.create_element("skipped").write_empty()?;
                }
                StageStatus::Cached => {
                    let said = "cached: its inputs are those of its last pass";
                    writer.create_element("skipped").with_attribute(("message", said)).write_empty()?;
                }
                StageStatus::Fail | StageStatus::Timeout => {
                    let said = command.first_error.as_deref().unwrap_or("it failed");
                    failure(writer, said.lines().next().unwrap_or_default(), said)?;
                }
            }
            if let Some(log) = &command.log {
                writer
                    .create_element("system-out")
                    .write_text_content(BytesText::new(&legal(&format!("log: {log}"))))?;
            }
            Ok(())
        },
    )?;
    Ok(())
}

fn failure(writer: &mut Xml, message: &str, text: &str) -> io::Result<()> {
    let element = writer.create_element("failure").with_attribute(("message", legal(message).as_str()));
    element.write_text_content(BytesText::new(&legal(text)))?;
    Ok(())
}

fn is_skipped(status: StageStatus) -> bool {
    matches!(status, StageStatus::Skipped | StageStatus::Cached)
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// Characters that XML cannot hold are left out.
fn legal(text: &str) -> String {
    let is_legal = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(is_legal).collect()
}
