//! The truth: what the water does, whether or not anybody measures it.
//!
//! It never goes to MQTT, to the monitor or to a trainee.

use crate::base::Stamp;
use crate::base::analyte::Analyte;
use crate::base::units::{
    Concentration, Conductivity, Flow, Length, Microbes, Power, Quantity, Temperature, Turbidity,
    Volume,
};
use crate::plant::tags::Place;

pub use super::power::PowerState;

/// Everything true at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// When.
    pub at: Stamp,
    /// One per node, in the network's order.
    pub nodes: Vec<NodeTruth>,
    /// One per link, in the network's order.
    pub links: Vec<LinkTruth>,
    /// The works.
    pub works: WorksTruth,
    /// What has power.
    pub power: PowerState,
    /// Remote stations: one per station of the plant.
    pub stations: Vec<StationTruth>,
}

/// A remote station.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StationTruth {
    /// Do its instruments and its radio have power?
    pub is_on: bool,
    /// Voltage of its battery, V.
    pub volts: f64,
}

/// One node.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NodeTruth {
    /// Pressure head above the node (junction), 0 where it is dry; level above the bottom (tank);
    /// 0 (reservoir).
    pub pressure: Length,
    /// Does no water come here: is there no open way to water, or no pressure to bring it? The
    /// water at a dry node is what stood there last: it ages and its chlorine decays.
    pub is_dry: bool,
    /// What people want.
    pub demand: Flow,
    /// What they get.
    pub delivered: Flow,
    /// What bursts and leaks take.
    pub leakage: Flow,
    /// What pipes take that had run empty.
    pub filling: Flow,
    /// The water at the node.
    pub water: Water,
}

/// Water and what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Water {
    /// Free chlorine.
    pub chlorine: Concentration,
    /// Chlorine dioxide; a works doses this or chlorine.
    pub chlorine_dioxide: Concentration,
    /// Chlorine bound to ammonia; with the free it makes the total.
    pub combined: Concentration,
    /// Turbidity.
    pub turbidity: Turbidity,
    /// Conductivity.
    pub conductivity: Conductivity,
    /// Hours since it left the filters.
    pub age_h: f64,
    /// E. coli.
    pub e_coli: Microbes,
    /// Trihalomethanes (三卤甲烷), all together: of water without bromide almost all chloroform.
    pub trihalomethanes: Concentration,
    /// Chlorite (亚氯酸盐): only chlorine dioxide makes it.
    pub chlorite: Concentration,
    /// Chlorate (氯酸盐).
    pub chlorate: Concentration,
    /// Permanganate index (CODMn), of O₂.
    pub codmn: Concentration,
    /// Ammonia, free or bound to chlorine, of N.
    pub ammonia: Concentration,
    /// Aluminium.
    pub aluminium: Concentration,
    /// Iron.
    pub iron: Concentration,
    /// Manganese.
    pub manganese: Concentration,
    /// Of `WorksTruth::substance`, in its unit.
    pub substance: f64,
    /// Colour, mg/L Pt-Co.
    pub colour_pt_co: f64,
}

impl Water {
    /// What disinfects it: free chlorine or chlorine dioxide, whichever the works doses.
    pub fn disinfectant(&self) -> Concentration {
        self.chlorine + self.chlorine_dioxide
    }
}

/// One link.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LinkTruth {
    /// Flow from start to end.
    pub flow: Flow,
    /// May water pass, does the pump run?
    pub open: bool,
    /// Electrical power (pumps).
    pub power: Power,
    /// Electrical energy since the start (pumps), kWh.
    pub energy_kwh: f64,
    /// Water lifted since the start (pumps).
    pub lifted: Volume,
}

/// The works before the clear well.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WorksTruth {
    /// Raw water turbidity.
    pub raw_turbidity: Turbidity,
    /// Raw water conductivity.
    pub raw_conductivity: Conductivity,
    /// Raw water pH.
    pub raw_ph: f64,
    /// Permanganate index (CODMn) of the raw water, of O₂.
    pub raw_codmn: Concentration,
    /// Ammonia in the raw water, of N.
    pub raw_ammonia: Concentration,
    /// E. coli in the raw water.
    pub raw_e_coli: Microbes,
    /// Iron in the raw water.
    pub raw_iron: Concentration,
    /// Manganese in the raw water.
    pub raw_manganese: Concentration,
    /// The dissolved substance that befalls this run's source; none until one is known of.
    pub substance: Option<Analyte>,
    /// Of it in the raw water, in its unit.
    pub raw_substance: f64,
    /// Colour of the raw water, mg/L Pt-Co.
    pub raw_colour_pt_co: f64,
    /// Level of the source at the intake.
    pub raw_level: Length,
    /// Water temperature, everywhere.
    pub temperature: Temperature,
    /// Water taken from the source: what is filtered, and what washes the filters.
    pub intake: Flow,
    /// Water filtered for the network.
    pub production: Flow,
    /// Coagulant dosed into the raw water, mg/L of product.
    pub coagulant: Concentration,
    /// What the signal of its pump says, 0 or 1.
    pub coagulant_signal: f64,
    /// Level in its drum.
    pub coagulant_level: Length,
    /// What goes over to the filters.
    pub settled_turbidity: Turbidity,
    /// Head loss of the filter that has most.
    pub head_loss: Length,
    /// Water that washes filters.
    pub wash: Flow,
    /// Behind the filters.
    pub filtered_turbidity: Turbidity,
    /// E. coli behind the filters, before chlorine.
    pub filtered_e_coli: Microbes,
    /// Chlorine or chlorine dioxide really dosed into the filtered water.
    pub dosed: Concentration,
    /// What the dosing pump's signal says, 0 or 1.
    pub dosing_signal: f64,
    /// Level in the drum.
    pub stock_level: Length,
    /// Contact time in the clear well (T10), minutes.
    pub contact_min: f64,
    /// Disinfectant of the clear well times its contact time, mg·min/L.
    pub ct: f64,
    /// What that does to Giardia, in orders of magnitude.
    pub giardia_log: f64,
}

impl WorksTruth {
    /// The true value of `quantity` of the raw water, in its unit; none if it has none.
    fn raw_value(&self, quantity: Quantity) -> Option<f64> {
        Some(match quantity {
            Quantity::Turbidity => self.raw_turbidity.as_ntu(),
            Quantity::Conductivity => self.raw_conductivity.as_us_per_cm(),
            Quantity::Ph => self.raw_ph,
            Quantity::CodMn => self.raw_codmn.as_mg_per_l(),
            Quantity::Ammonia => self.raw_ammonia.as_mg_per_l(),
            Quantity::Level => self.raw_level.as_m(),
            Quantity::Temperature => self.temperature.as_deg_c(),
            Quantity::Flow => self.intake.as_m3_per_h(),
            _ => return None,
        })
    }
}

impl Truth {
    /// The true value of `quantity` at `place`, in the quantity's unit; none if there is no such.
    pub fn value(&self, place: Place, quantity: Quantity) -> Option<f64> {
        match place {
            Place::Node(index) => {
                let node = self.nodes.get(index.0)?;
                Some(match quantity {
                    Quantity::Pressure => node.pressure.as_kpa(),
                    Quantity::Level => node.pressure.as_m(),
                    Quantity::FreeChlorine => node.water.chlorine.as_mg_per_l(),
                    Quantity::TotalChlorine => {
                        (node.water.chlorine + node.water.combined).as_mg_per_l()
                    }
                    Quantity::Turbidity => node.water.turbidity.as_ntu(),
                    Quantity::Conductivity => node.water.conductivity.as_us_per_cm(),
                    Quantity::Temperature => self.works.temperature.as_deg_c(),
                    Quantity::Flow => node.delivered.as_m3_per_h(),
                    Quantity::ChlorineDioxide => node.water.chlorine_dioxide.as_mg_per_l(),
                    // The model of the water holds no ozone.
                    Quantity::Ozone
                    | Quantity::Ph
                    | Quantity::Ammonia
                    | Quantity::CodMn
                    | Quantity::State
                    | Quantity::Energy
                    | Quantity::Voltage => return None,
                })
            }
            Place::Link(index) => {
                let link = self.links.get(index.0)?;
                Some(match quantity {
                    Quantity::Flow => link.flow.as_m3_per_h(),
                    Quantity::State => f64::from(u8::from(link.open)),
                    Quantity::Energy => link.energy_kwh,
                    _ => return None,
                })
            }
            Place::Raw => self.works.raw_value(quantity),
            Place::CoagulantPump => {
                (quantity == Quantity::State).then_some(self.works.coagulant_signal)
            }
            Place::CoagulantStock => {
                (quantity == Quantity::Level).then(|| self.works.coagulant_level.as_m())
            }
            Place::Settled => {
                let settled = self.works.settled_turbidity;
                (quantity == Quantity::Turbidity).then_some(settled.as_ntu())
            }
            Place::Filters => (quantity == Quantity::Level).then_some(self.works.head_loss.as_m()),
            Place::Filtered => Some(match quantity {
                Quantity::Turbidity => self.works.filtered_turbidity.as_ntu(),
                Quantity::Flow => self.works.production.as_m3_per_h(),
                _ => return None,
            }),
            Place::DosingPump => (quantity == Quantity::State).then_some(self.works.dosing_signal),
            Place::Mains | Place::Generator => {
                let mains = place == Place::Mains;
                let is_on = if mains { self.power.mains } else { self.power.generator };
                (quantity == Quantity::State).then(|| f64::from(u8::from(is_on)))
            }
            Place::StationBattery(at) => {
                let station = self.stations.get(at)?;
                (quantity == Quantity::Voltage).then_some(station.volts)
            }
            Place::DosingStock => {
                (quantity == Quantity::Level).then(|| self.works.stock_level.as_m())
            }
        }
    }
}
