#![expect(unsafe_code, reason = "the one place that calls EPANET, a library written in C")]
//! EPANET 2.3.5 made safe: one owner for each project, codes as errors, no output of its own.
//!
//! Indices are EPANET's: from 1, all junctions before all tanks and reservoirs.

use std::ffi::{CStr, CString, c_char, c_double, c_int, c_long, c_void};
use std::ptr;
use std::sync::Mutex;

use epanet_sys as sys;

use crate::plant::network::{Friction, ValveKind};

pub(super) mod file;
pub(super) mod read;
pub(super) mod rules;
mod tables;

pub use super::outcome::{EngineError, Warning};

/// Where EPANET's report goes: nobody reads it.
const NOWHERE: &CStr = if cfg!(windows) { c"NUL" } else { c"/dev/null" };

/// EPANET reads files through `strtok`, which keeps its place in a global.
static READING_A_FILE: Mutex<()> = Mutex::new(());

/// Turns a code into a warning, an error, or neither.
fn check(code: c_int) -> Result<Option<Warning>, EngineError> {
    Ok(Some(match code {
        0 => return Ok(None),
        1 => Warning::Unbalanced,
        2 => Warning::Unstable,
        3 => Warning::Disconnected,
        4 => Warning::Pumps,
        5 => Warning::Valves,
        6 => Warning::NegativePressure,
        110 => return Err(EngineError::NotConverged),
        _ => return Err(EngineError::Engine { code, text: text_of(code) }),
    }))
}

fn text_of(code: c_int) -> String {
    let mut buffer: [c_char; 256] = [0; 256];
    // SAFETY: EPANET writes at most 255 bytes and the buffer ends with a zero it cannot reach.
    let written = unsafe { sys::EN_geterror(code, buffer.as_mut_ptr(), 255) };
    if written != 0 {
        return format!("error {code}");
    }
    // SAFETY: the buffer holds a text that ends with a zero, as above.
    let text = unsafe { CStr::from_ptr(buffer.as_ptr()) };
    text.to_string_lossy().replacen("Error", "error", 1)
}

fn c_text(text: &str) -> Result<CString, EngineError> {
    CString::new(text).map_err(|_| EngineError::Input(format!("{text:?} contains a zero byte")))
}

fn finite(value: f64) -> Result<f64, EngineError> {
    let error = |_| EngineError::Input(format!("{value} must not reach EPANET"));
    crate::base::units::finite(value).map_err(error)
}

/// One result or parameter of a node, as EPANET counts them.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub enum NodeProperty {
    Elevation = sys::EN_NodeProperty_EN_ELEVATION,
    BaseDemand = sys::EN_NodeProperty_EN_BASEDEMAND,
    Emitter = sys::EN_NodeProperty_EN_EMITTER,
    TankLevel = sys::EN_NodeProperty_EN_TANKLEVEL,
    MinLevel = sys::EN_NodeProperty_EN_MINLEVEL,
    MaxLevel = sys::EN_NodeProperty_EN_MAXLEVEL,
    CanOverflow = sys::EN_NodeProperty_EN_CANOVERFLOW,
    Head = sys::EN_NodeProperty_EN_HEAD,
    Demand = sys::EN_NodeProperty_EN_DEMAND,
    Quality = sys::EN_NodeProperty_EN_QUALITY,
    DemandFlow = sys::EN_NodeProperty_EN_DEMANDFLOW,
    Pattern = sys::EN_NodeProperty_EN_PATTERN,
    TankDiameter = sys::EN_NodeProperty_EN_TANKDIAM,
    MinVolume = sys::EN_NodeProperty_EN_MINVOLUME,
    VolumeCurve = sys::EN_NodeProperty_EN_VOLCURVE,
    MixModel = sys::EN_NodeProperty_EN_MIXMODEL,
    MixFraction = sys::EN_NodeProperty_EN_MIXFRACTION,
    TankBulk = sys::EN_NodeProperty_EN_TANK_KBULK,
    InitialQuality = sys::EN_NodeProperty_EN_INITQUAL,
    SourceQuality = sys::EN_NodeProperty_EN_SOURCEQUAL,
    SourceType = sys::EN_NodeProperty_EN_SOURCETYPE,
    SourcePattern = sys::EN_NodeProperty_EN_SOURCEPAT,
}

/// One result or parameter of a link, as EPANET counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum LinkProperty {
    Diameter = sys::EN_LinkProperty_EN_DIAMETER,
    Length = sys::EN_LinkProperty_EN_LENGTH,
    Roughness = sys::EN_LinkProperty_EN_ROUGHNESS,
    MinorLoss = sys::EN_LinkProperty_EN_MINORLOSS,
    InitialSetting = sys::EN_LinkProperty_EN_INITSETTING,
    Flow = sys::EN_LinkProperty_EN_FLOW,
    Status = sys::EN_LinkProperty_EN_STATUS,
    Setting = sys::EN_LinkProperty_EN_SETTING,
    InitialStatus = sys::EN_LinkProperty_EN_INITSTATUS,
    Bulk = sys::EN_LinkProperty_EN_KBULK,
    Wall = sys::EN_LinkProperty_EN_KWALL,
    SpeedPattern = sys::EN_LinkProperty_EN_LINKPATTERN,
    HeadCurve = sys::EN_LinkProperty_EN_PUMP_HCURVE,
    PumpPower = sys::EN_LinkProperty_EN_PUMP_POWER,
    GpvCurve = sys::EN_LinkProperty_EN_GPV_CURVE,
    PcvCurve = sys::EN_LinkProperty_EN_PCV_CURVE,
    EfficiencyCurve = sys::EN_LinkProperty_EN_PUMP_ECURVE,
    Energy = sys::EN_LinkProperty_EN_ENERGY,
    LeakArea = sys::EN_LinkProperty_EN_LEAK_AREA,
    LeakExpansion = sys::EN_LinkProperty_EN_LEAK_EXPAN,
}

/// Kinds of nodes.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub enum NodeType {
    Junction = sys::EN_NodeType_EN_JUNCTION,
    Reservoir = sys::EN_NodeType_EN_RESERVOIR,
    Tank = sys::EN_NodeType_EN_TANK,
}

/// Kinds of links.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub enum LinkType {
    CheckValvePipe = sys::EN_LinkType_EN_CVPIPE,
    Pipe = sys::EN_LinkType_EN_PIPE,
    Pump = sys::EN_LinkType_EN_PUMP,
    Prv = sys::EN_LinkType_EN_PRV,
    Psv = sys::EN_LinkType_EN_PSV,
    Fcv = sys::EN_LinkType_EN_FCV,
    Tcv = sys::EN_LinkType_EN_TCV,
    Pbv = sys::EN_LinkType_EN_PBV,
    Gpv = sys::EN_LinkType_EN_GPV,
    Pcv = sys::EN_LinkType_EN_PCV,
}

impl From<ValveKind> for LinkType {
    fn from(kind: ValveKind) -> Self {
        match kind {
            ValveKind::Prv => Self::Prv,
            ValveKind::Psv => Self::Psv,
            ValveKind::Fcv => Self::Fcv,
            ValveKind::Tcv => Self::Tcv,
            ValveKind::Pbv => Self::Pbv,
            ValveKind::Gpv => Self::Gpv,
            ValveKind::Pcv => Self::Pcv,
        }
    }
}

/// Options of the solver.
#[derive(Debug, Clone, Copy)]
#[repr(u32)]
pub enum SolverOption {
    Trials = sys::EN_Option_EN_TRIALS,
    Accuracy = sys::EN_Option_EN_ACCURACY,
    Unbalanced = sys::EN_Option_EN_UNBALANCED,
    EmitterExponent = sys::EN_Option_EN_EMITEXPON,
    EmitterBackflow = sys::EN_Option_EN_EMITBACKFLOW,
    HeadLoss = sys::EN_Option_EN_HEADLOSSFORM,
    DemandMultiplier = sys::EN_Option_EN_DEMANDMULT,
    DemandPattern = sys::EN_Option_EN_DEMANDPATTERN,
    PressureUnit = sys::EN_Option_EN_PRESS_UNITS,
    Viscosity = sys::EN_Option_EN_SP_VISCOS,
    SpecificGravity = sys::EN_Option_EN_SP_GRAVITY,
    Diffusivity = sys::EN_Option_EN_SP_DIFFUS,
    BulkOrder = sys::EN_Option_EN_BULKORDER,
    WallOrder = sys::EN_Option_EN_WALLORDER,
    TankOrder = sys::EN_Option_EN_TANKORDER,
    LimitingConcentration = sys::EN_Option_EN_CONCENLIMIT,
    GlobalEfficiency = sys::EN_Option_EN_GLOBALEFFIC,
}

/// The owner of one EPANET project.
///
/// It costs about 100 kB, one file descriptor (the report nobody reads) and, when it is made,
/// three short-lived files in the current folder.
pub struct Engine {
    project: sys::EN_Project,
}

// SAFETY: a project has no thread of its own and no tie to the thread that made it; measured with
// ThreadSanitizer, projects share nothing but `strtok` (guarded by READING_A_FILE) and the `ctime`
// of the report's heading. It is not `Sync`: two calls on one project at a time are a race.
unsafe impl Send for Engine {}

unsafe extern "C" fn ignore(_user: *mut c_void, _project: *mut c_void, _line: *const c_char) {}

impl Engine {
    /// A project without a network.
    fn create() -> Result<Self, EngineError> {
        tables::keep_apart();
        let mut project: sys::EN_Project = ptr::null_mut();
        // SAFETY: `project` is a valid place for the handle.
        check(unsafe { sys::EN_createproject(&raw mut project) })?;
        let engine = Self { project };
        engine.be_silent()?;
        Ok(engine)
    }

    fn be_silent(&self) -> Result<(), EngineError> {
        // SAFETY: the project is alive; the callback touches none of its arguments.
        check(unsafe { sys::EN_setreportcallback(self.project, Some(ignore)) }).map(drop)
    }

    /// An empty network in m³/s and m, to be filled by calls.
    pub(super) fn new(friction: Friction) -> Result<Self, EngineError> {
        let engine = Self::create()?;
        let units = sys::EN_FlowUnits_EN_CMS as c_int;
        let loss = match friction {
            Friction::HazenWilliams => sys::EN_HeadLossType_EN_HW,
            Friction::DarcyWeisbach => sys::EN_HeadLossType_EN_DW,
            Friction::ChezyManning => sys::EN_HeadLossType_EN_CM,
        } as c_int;
        // SAFETY: the project is alive and the texts end with a zero.
        check(unsafe {
            sys::EN_init(engine.project, NOWHERE.as_ptr(), c"".as_ptr(), units, loss)
        })?;
        engine.be_silent()?;
        Ok(engine)
    }

    /// Adds a node and gives its index. Adding a junction moves tanks and reservoirs up by one.
    pub(super) fn add_node(&mut self, id: &str, kind: NodeType) -> Result<i32, EngineError> {
        let id = c_text(id)?;
        let mut index: c_int = 0;
        // SAFETY: the project is alive, the text ends with a zero, `index` is a valid place.
        check(unsafe {
            sys::EN_addnode(self.project, id.as_ptr(), kind as c_int, &raw mut index)
        })?;
        Ok(index)
    }

    /// Adds a link and gives its index.
    pub(super) fn add_link(
        &mut self,
        id: &str,
        kind: LinkType,
        start: &str,
        end: &str,
    ) -> Result<i32, EngineError> {
        let (id, start, end) = (c_text(id)?, c_text(start)?, c_text(end)?);
        let mut index: c_int = 0;
        // SAFETY: the project is alive, the texts end with a zero, `index` is a valid place.
        check(unsafe {
            sys::EN_addlink(
                self.project,
                id.as_ptr(),
                kind as c_int,
                start.as_ptr(),
                end.as_ptr(),
                &raw mut index,
            )
        })?;
        Ok(index)
    }

    /// Sets a tank's bottom, levels above it and diameter, all m.
    pub(super) fn set_tank(
        &mut self,
        index: i32,
        bottom: f64,
        levels: [f64; 3],
        diameter: f64,
    ) -> Result<(), EngineError> {
        let [initial, min, max] = levels;
        for value in [bottom, initial, min, max, diameter] {
            finite(value)?;
        }
        // SAFETY: the project is alive and the text ends with a zero.
        check(unsafe {
            sys::EN_settankdata(
                self.project,
                index,
                bottom,
                initial,
                min,
                max,
                diameter,
                0.0,
                c"".as_ptr(),
            )
        })
        .map(drop)
    }

    /// Adds an empty curve and gives its index.
    pub(super) fn add_curve(&mut self, id: &str) -> Result<i32, EngineError> {
        let id = c_text(id)?;
        let mut index: c_int = 0;
        // SAFETY: the project is alive, the texts end with a zero, `index` is a valid place.
        unsafe {
            check(sys::EN_addcurve(self.project, id.as_ptr()))?;
            check(sys::EN_getcurveindex(self.project, id.as_ptr(), &raw mut index))?;
        }
        Ok(index)
    }

    /// Replaces the points of a curve; it takes effect when the solver is opened.
    pub(super) fn set_curve(
        &mut self,
        index: i32,
        points: &[(f64, f64)],
    ) -> Result<(), EngineError> {
        let mut x = Vec::with_capacity(points.len());
        let mut y = Vec::with_capacity(points.len());
        for point in points {
            x.push(finite(point.0)?);
            y.push(finite(point.1)?);
        }
        let count = c_int::try_from(points.len())
            .map_err(|_| EngineError::Input("a curve has too many points".to_owned()))?;
        // SAFETY: the project is alive; EPANET reads `count` numbers of each, and copies them.
        check(unsafe {
            sys::EN_setcurve(self.project, index, x.as_mut_ptr(), y.as_mut_ptr(), count)
        })
        .map(drop)
    }

    /// Gives a pump its head curve.
    pub(super) fn set_head_curve(&mut self, link: i32, curve: i32) -> Result<(), EngineError> {
        // SAFETY: the project is alive; EPANET checks both indices.
        check(unsafe { sys::EN_setheadcurveindex(self.project, link, curve) }).map(drop)
    }

    /// Lets demand depend on pressure (PDA): pressures in m.
    pub(super) fn set_pressure_driven(
        &mut self,
        minimum: f64,
        required: f64,
        exponent: f64,
    ) -> Result<(), EngineError> {
        let (minimum, required) = (finite(minimum)?, finite(required)?);
        let exponent = finite(exponent)?;
        let model = sys::EN_DemandModel_EN_PDA as c_int;
        // SAFETY: the project is alive.
        check(unsafe { sys::EN_setdemandmodel(self.project, model, minimum, required, exponent) })
            .map(drop)
    }

    /// Sets an option of the solver.
    pub(super) fn set_option(
        &mut self,
        option: SolverOption,
        value: f64,
    ) -> Result<(), EngineError> {
        // SAFETY: the project is alive.
        check(unsafe { sys::EN_setoption(self.project, option as c_int, finite(value)?) }).map(drop)
    }

    /// Sets a property of a node.
    pub(super) fn set_node(
        &mut self,
        index: i32,
        property: NodeProperty,
        value: f64,
    ) -> Result<(), EngineError> {
        let value = finite(value)?;
        // SAFETY: the project is alive; EPANET checks the index.
        check(unsafe { sys::EN_setnodevalue(self.project, index, property as c_int, value) })
            .map(drop)
    }

    /// Sets a property of a link.
    pub(super) fn set_link(
        &mut self,
        index: i32,
        property: LinkProperty,
        value: f64,
    ) -> Result<(), EngineError> {
        let value = finite(value)?;
        // SAFETY: the project is alive; EPANET checks the index.
        check(unsafe { sys::EN_setlinkvalue(self.project, index, property as c_int, value) })
            .map(drop)
    }

    /// Makes a pipe a check valve or a check valve a pipe; the solver must be closed.
    pub(super) fn set_pipe_type(&mut self, index: i32, kind: LinkType) -> Result<(), EngineError> {
        let mut index: c_int = index;
        let action = sys::EN_ActionCodeType_EN_UNCONDITIONAL as c_int;
        // SAFETY: the project is alive and `index` is a valid place, which EPANET checks and leaves
        // as it is between the two kinds of pipe.
        check(unsafe { sys::EN_setlinktype(self.project, &raw mut index, kind as c_int, action) })
            .map(drop)
    }

    /// Reads one property of every node, in the order of EPANET's indices.
    ///
    /// `values` is made as long as there are nodes.
    pub(super) fn node_values(
        &self,
        property: NodeProperty,
        values: &mut Vec<f64>,
    ) -> Result<(), EngineError> {
        values.resize(self.count(sys::EN_CountType_EN_NODECOUNT)?, 0.0);
        let values: &mut [c_double] = values;
        // SAFETY: the project is alive; EPANET writes one number for each node.
        check(unsafe {
            sys::EN_getnodevalues(self.project, property as c_int, values.as_mut_ptr())
        })
        .map(drop)
    }

    /// Reads one property of every link, in the order of EPANET's indices.
    ///
    /// `values` is made as long as there are links.
    pub(super) fn link_values(
        &self,
        property: LinkProperty,
        values: &mut Vec<f64>,
    ) -> Result<(), EngineError> {
        values.resize(self.count(sys::EN_CountType_EN_LINKCOUNT)?, 0.0);
        let values: &mut [c_double] = values;
        // SAFETY: the project is alive; EPANET writes one number for each link.
        check(unsafe {
            sys::EN_getlinkvalues(self.project, property as c_int, values.as_mut_ptr())
        })
        .map(drop)
    }

    fn count(&self, what: sys::EN_CountType) -> Result<usize, EngineError> {
        let mut count: c_int = 0;
        // SAFETY: the project is alive, `count` is a valid place.
        check(unsafe { sys::EN_getcount(self.project, what as c_int, &raw mut count) })?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Makes the solver ready. The network's nodes and links are fixed from here on.
    pub(super) fn open_solver(&mut self) -> Result<(), EngineError> {
        // SAFETY: the project is alive.
        check(unsafe { sys::EN_openH(self.project) }).map(drop)
    }

    /// Sets time to zero, tanks and links to their initial state, flows to EPANET's first guess.
    pub(super) fn restart_solver(&mut self) -> Result<(), EngineError> {
        let flag = sys::EN_InitHydOption_EN_INITFLOW as c_int;
        // SAFETY: the project is alive; EPANET checks that the solver is open.
        check(unsafe { sys::EN_initH(self.project, flag) }).map(drop)
    }

    /// Closes the solver, so that curves can change.
    pub(super) fn close_solver(&mut self) -> Result<(), EngineError> {
        // SAFETY: the project is alive; EPANET checks that the solver is open.
        check(unsafe { sys::EN_closeH(self.project) }).map(drop)
    }

    /// Solves at the present time.
    pub(super) fn solve(&mut self) -> Result<Option<Warning>, EngineError> {
        let mut now: c_long = 0;
        // SAFETY: the project is alive, `now` is a valid place; EPANET checks that the solver is
        // open.
        check(unsafe { sys::EN_runH(self.project, &raw mut now) })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // SAFETY: the project is alive, and gone after this; EPANET checks whether the solver is
        // open, and deleting closes the rest.
        unsafe {
            sys::EN_closeH(self.project);
            sys::EN_deleteproject(self.project);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe_of_1_km() -> Result<Engine, EngineError> {
        let mut engine = Engine::new(Friction::HazenWilliams)?;
        let junction = engine.add_node("J", NodeType::Junction)?;
        let reservoir = engine.add_node("R", NodeType::Reservoir)?;
        engine.set_node(reservoir, NodeProperty::Elevation, 50.0)?;
        engine.set_node(junction, NodeProperty::BaseDemand, 0.01)?;
        let pipe = engine.add_link("P", LinkType::Pipe, "R", "J")?;
        engine.set_link(pipe, LinkProperty::Length, 1_000.0)?;
        engine.set_link(pipe, LinkProperty::Diameter, 150.0)?;
        engine.set_link(pipe, LinkProperty::Roughness, 130.0)?;
        engine.open_solver()?;
        engine.restart_solver()?;
        Ok(engine)
    }

    #[test]
    fn a_pipe_loses_what_hazen_and_williams_say() {
        let mut engine = pipe_of_1_km().expect("a sound network");
        assert_eq!(engine.solve(), Ok(None));
        let (mut heads, mut flows) = (Vec::new(), Vec::new());
        engine.node_values(NodeProperty::Head, &mut heads).expect("solved");
        engine.link_values(LinkProperty::Flow, &mut flows).expect("solved");
        let loss = 10.667 * 1_000.0 * libm::pow(0.01, 1.852)
            / (libm::pow(130.0, 1.852) * libm::pow(0.15, 4.871));
        assert!((heads[1] - heads[0] - loss).abs() < 0.002 * loss, "{heads:?}, loss {loss}");
        assert!((flows[0] - 0.01).abs() < 1e-9, "{flows:?}");
    }

    #[test]
    fn what_epanet_refuses_comes_with_its_words() {
        let mut engine = Engine::new(Friction::HazenWilliams).expect("an empty project");
        let error = engine.set_node(7, NodeProperty::Elevation, 1.0).expect_err("no node 7");
        assert_eq!(error.to_string(), "EPANET error 203: function call contains undefined node");
    }

    #[test]
    fn no_number_that_is_none_reaches_epanet() {
        let mut engine = pipe_of_1_km().expect("a sound network");
        let error = engine.set_node(1, NodeProperty::BaseDemand, f64::NAN).expect_err("NaN");
        assert_eq!(error, EngineError::Input("NaN must not reach EPANET".to_owned()));
        assert_eq!(engine.solve(), Ok(None));
    }
}
