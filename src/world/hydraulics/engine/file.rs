#![expect(unsafe_code, reason = "part of the one wrapper of EPANET")]
//! A network file run by EPANET itself: its units, its clock, its controls and rules.

use std::cell::UnsafeCell;
use std::ffi::{CStr, CString, c_char, c_int, c_long, c_void};
use std::path::Path;
use std::sync::PoisonError;

use epanet_sys as sys;

use super::{Engine, EngineError, NOWHERE, READING_A_FILE, Warning, check};

/// Longest id EPANET gives back, with the zero at its end (`EN_MAXID` is 31).
const ID_BYTES: usize = 64;

/// EPANET's time parameters, in seconds.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub enum TimeParameter {
    Duration = sys::EN_TimeParameter_EN_DURATION,
    HydraulicStep = sys::EN_TimeParameter_EN_HYDSTEP,
    RuleStep = sys::EN_TimeParameter_EN_RULESTEP,
    ReportStep = sys::EN_TimeParameter_EN_REPORTSTEP,
    ReportStart = sys::EN_TimeParameter_EN_REPORTSTART,
    QualityStep = sys::EN_TimeParameter_EN_QUALSTEP,
    PatternStep = sys::EN_TimeParameter_EN_PATTERNSTEP,
    PatternStart = sys::EN_TimeParameter_EN_PATTERNSTART,
    ClockStart = sys::EN_TimeParameter_EN_STARTTIME,
}

/// What the file asks EPANET to compute besides hydraulics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityInfo {
    /// EPANET's `EN_QualityType`: 0 none, 1 chemical, 2 age, 3 trace.
    pub kind: i32,
    /// Name of the chemical.
    pub name: String,
    /// Unit of its concentration.
    pub unit: String,
    /// Index of the traced node.
    pub traced: i32,
}

/// A project read from a file.
///
/// What EPANET would write into its report while it runs (warnings, faults of the network) is kept
/// line by line, until `take_lines`.
pub struct FileEngine {
    pub(super) engine: Engine, // first: dropped before `heard`, into which EPANET may still write
    heard: Box<UnsafeCell<Vec<String>>>,
}

/// EPANET's report callback: keeps the line.
unsafe extern "C" fn hear(heard: *mut c_void, _project: *mut c_void, line: *const c_char) {
    if heard.is_null() || line.is_null() {
        return;
    }
    // SAFETY: EPANET passes a text that ends with a zero.
    let line = decode(unsafe { CStr::from_ptr(line) }.to_bytes());
    // SAFETY: `heard` is the box of the `FileEngine` whose method is calling EPANET at this moment;
    // such a method holds no reference into it, and it runs on one thread only.
    let lines = unsafe { &mut *(*heard.cast::<UnsafeCell<Vec<String>>>()).get() };
    lines.push(line);
}

/// Bytes of a file as text: UTF-8, or else Latin-1, in which every byte is a letter.
pub fn decode(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes)
        .map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

fn c_path(path: &Path) -> Result<CString, EngineError> {
    CString::new(path.as_os_str().as_encoded_bytes())
        .map_err(|_| EngineError::Input(format!("{} contains a zero byte", path.display())))
}

/// A text that EPANET writes into a buffer of `ID_BYTES`.
pub(super) fn text_by(write: impl FnOnce(*mut c_char) -> c_int) -> Result<String, EngineError> {
    let mut buffer: [c_char; ID_BYTES] = [0; ID_BYTES];
    check(write(buffer.as_mut_ptr()))?;
    // SAFETY: EPANET writes at most 32 of the 64 bytes, so a zero follows the text.
    Ok(decode(unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_bytes()))
}

pub(super) fn number_by(write: impl FnOnce(*mut c_int) -> c_int) -> Result<i32, EngineError> {
    let mut number: c_int = 0;
    check(write(&raw mut number))?;
    Ok(number)
}

fn seconds_by(write: impl FnOnce(*mut c_long) -> c_int) -> Result<i64, EngineError> {
    let mut seconds: c_long = 0;
    check(write(&raw mut seconds))?;
    #[allow(clippy::useless_conversion, reason = "c_long is narrower on some platforms")]
    Ok(i64::from(seconds))
}

impl FileEngine {
    /// Lets EPANET read the file at `path`. `report`: a file for its list of the file's mistakes.
    pub fn open(path: &Path, report: Option<&Path>) -> Result<Self, EngineError> {
        let path = c_path(path)?;
        let report = report.map_or_else(|| Ok(NOWHERE.to_owned()), c_path)?;
        let opened = Self { engine: Engine::create()?, heard: Box::default() };
        let project = opened.engine.project;
        {
            let _one_at_a_time = READING_A_FILE.lock().unwrap_or_else(PoisonError::into_inner);
            // SAFETY: the project is alive and the texts end with a zero. After a refusal the
            // project holds no network, and closing it completes the report.
            unsafe {
                let code = sys::EN_open(project, path.as_ptr(), report.as_ptr(), c"".as_ptr());
                if let Err(refusal) = check(code) {
                    sys::EN_close(project);
                    return Err(refusal);
                }
            }
        }
        let heard = (&raw const *opened.heard).cast_mut().cast::<c_void>();
        // SAFETY: the project is alive; the box outlives it; opening has reset the callback. Level
        // 0 and the commands ask for warnings, and for nothing else.
        unsafe {
            check(sys::EN_setreportcallbackuserdata(project, heard))?;
            check(sys::EN_setreportcallback(project, Some(hear)))?;
            check(sys::EN_setstatusreport(project, 0))?;
            check(sys::EN_setreport(project, c"MESSAGES YES".as_ptr()))?;
        }
        Ok(opened)
    }

    /// The project, to read values from.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The lines EPANET has written since the last call.
    pub fn take_lines(&mut self) -> Vec<String> {
        std::mem::take(self.heard.get_mut())
    }

    /// How many nodes, how many links.
    pub fn counts(&self) -> Result<(i32, i32), EngineError> {
        let count = |what: sys::EN_CountType| {
            // SAFETY: the project is alive, `number` is a valid place.
            number_by(|number| unsafe {
                sys::EN_getcount(self.engine.project, what as c_int, number)
            })
        };
        Ok((count(sys::EN_CountType_EN_NODECOUNT)?, count(sys::EN_CountType_EN_LINKCOUNT)?))
    }

    /// Id and `EN_NodeType` of a node.
    pub fn node(&self, index: i32) -> Result<(String, i32), EngineError> {
        let project = self.engine.project;
        // SAFETY: the project is alive, the places are valid; EPANET checks the index.
        let id = text_by(|text| unsafe { sys::EN_getnodeid(project, index, text) })?;
        // SAFETY: as above.
        let kind = number_by(|kind| unsafe { sys::EN_getnodetype(project, index, kind) })?;
        Ok((id, kind))
    }

    /// Id and `EN_LinkType` of a link.
    pub fn link(&self, index: i32) -> Result<(String, i32), EngineError> {
        let project = self.engine.project;
        // SAFETY: the project is alive, the places are valid; EPANET checks the index.
        let id = text_by(|text| unsafe { sys::EN_getlinkid(project, index, text) })?;
        // SAFETY: as above.
        let kind = number_by(|kind| unsafe { sys::EN_getlinktype(project, index, kind) })?;
        Ok((id, kind))
    }

    /// The file's `EN_FlowUnits`.
    pub fn flow_units(&self) -> Result<i32, EngineError> {
        // SAFETY: the project is alive, `units` is a valid place.
        number_by(|units| unsafe { sys::EN_getflowunits(self.engine.project, units) })
    }

    /// What the file asks for besides hydraulics.
    pub fn quality(&self) -> Result<QualityInfo, EngineError> {
        let mut kind: c_int = 0;
        let mut traced: c_int = 0;
        let mut unit: [c_char; ID_BYTES] = [0; ID_BYTES];
        // SAFETY: the project is alive; EPANET writes at most 32 bytes into each buffer.
        let name = text_by(|name| unsafe {
            sys::EN_getqualinfo(
                self.engine.project,
                &raw mut kind,
                name,
                unit.as_mut_ptr(),
                &raw mut traced,
            )
        })?;
        // SAFETY: a zero follows the text, as above.
        let unit = decode(unsafe { CStr::from_ptr(unit.as_ptr()) }.to_bytes());
        Ok(QualityInfo { kind, name, unit, traced })
    }

    /// A time parameter in seconds.
    pub fn time(&self, parameter: TimeParameter) -> Result<i64, EngineError> {
        // SAFETY: the project is alive, `seconds` is a valid place.
        seconds_by(|seconds| unsafe {
            sys::EN_gettimeparam(self.engine.project, parameter as c_int, seconds)
        })
    }

    /// Sets a time parameter in seconds.
    pub fn set_time(&mut self, parameter: TimeParameter, seconds: i64) -> Result<(), EngineError> {
        let seconds = c_long::try_from(seconds)
            .map_err(|_| EngineError::Input(format!("{seconds} s are too long for EPANET")))?;
        // SAFETY: the project is alive; EPANET checks the value.
        check(unsafe { sys::EN_settimeparam(self.engine.project, parameter as c_int, seconds) })
            .map(drop)
    }

    /// Makes both solvers ready, hydraulics and quality in lock step.
    pub fn start(&mut self) -> Result<(), EngineError> {
        self.engine.open_solver()?;
        self.engine.restart_solver()?;
        // SAFETY: the project is alive.
        unsafe {
            check(sys::EN_openQ(self.engine.project))?;
            check(sys::EN_initQ(self.engine.project, sys::EN_InitHydOption_EN_NOSAVE as c_int))?;
        }
        Ok(())
    }

    /// Solves at EPANET's present time and gives that time in seconds.
    pub fn solve_now(&mut self) -> Result<(i64, Option<Warning>), EngineError> {
        let project = self.engine.project;
        let mut now: c_long = 0;
        // SAFETY: the project is alive, `now` is a valid place; EPANET checks the solvers' state.
        let warning = check(unsafe { sys::EN_runH(project, &raw mut now) })?;
        // SAFETY: as above.
        let now = seconds_by(|now| unsafe { sys::EN_runQ(project, now) })?;
        Ok((now, warning))
    }

    /// Goes on to EPANET's next time and gives the seconds in between; 0 at the end.
    pub fn advance(&mut self) -> Result<i64, EngineError> {
        let project = self.engine.project;
        // SAFETY: the project is alive, `step` is a valid place; EPANET checks the solvers' state.
        let step = seconds_by(|step| unsafe { sys::EN_nextH(project, step) })?;
        // SAFETY: as above.
        seconds_by(|step| unsafe { sys::EN_nextQ(project, step) })?;
        Ok(step)
    }
}

impl Drop for FileEngine {
    fn drop(&mut self) {
        // SAFETY: the project is alive; EPANET checks whether the quality solver is open.
        unsafe { sys::EN_closeQ(self.engine.project) };
    }
}
